"""SE3 and pinhole geometry in plain numpy; transforms read as a chain `a_from_b @ b_from_c`."""

from __future__ import annotations

import numpy as np


def make_pose(rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """[4, 4] from rotation [3, 3] and translation [3] m."""
    pose = np.eye(4)
    pose[:3, :3] = rotation
    pose[:3, 3] = translation
    return pose


def invert(pose: np.ndarray) -> np.ndarray:
    """Inverse of a rigid transform [4, 4]."""
    rotation = pose[:3, :3].T
    return make_pose(rotation, -rotation @ pose[:3, 3])


def transform(pose: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Apply `a_from_b` [4, 4] to points in b [..., 3]; points in a [..., 3]."""
    return points @ pose[:3, :3].T + pose[:3, 3]


def quat_to_matrix(quat: np.ndarray) -> np.ndarray:
    """Rotation [3, 3] of a unit quaternion wxyz [4]."""
    w, x, y, z = np.asarray(quat, float) / np.linalg.norm(quat)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def matrix_to_quat(matrix: np.ndarray) -> np.ndarray:
    """Unit quaternion wxyz [4] (w >= 0) of a rotation [3, 3]; stable for every angle."""
    m = np.asarray(matrix, float)
    k = np.array(
        [
            [m[0, 0] + m[1, 1] + m[2, 2], 0, 0, 0],
            [m[2, 1] - m[1, 2], m[0, 0] - m[1, 1] - m[2, 2], 0, 0],
            [m[0, 2] - m[2, 0], m[1, 0] + m[0, 1], m[1, 1] - m[0, 0] - m[2, 2], 0],
            [m[1, 0] - m[0, 1], m[2, 0] + m[0, 2], m[2, 1] + m[1, 2], m[2, 2] - m[0, 0] - m[1, 1]],
        ]
    )
    quat = np.linalg.eigh(k, UPLO="L")[1][:, -1]
    return quat if quat[0] >= 0 else -quat


def intrinsics(width: int, height: int, fovy: float) -> np.ndarray:
    """Pinhole matrix [3, 3] px with square pixels, from the vertical field of view [rad]."""
    focal = 0.5 * height / np.tan(0.5 * fovy)
    return np.array([[focal, 0, 0.5 * width], [0, focal, 0.5 * height], [0, 0, 1.0]])


def project(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Pixels [..., 2] of camera-frame points [..., 3] m (OpenCV camera, z > 0 in front)."""
    uvw = points @ matrix.T
    return uvw[..., :2] / uvw[..., 2:]


def pixel_grid(width: int, height: int) -> np.ndarray:
    """Pixel centres [H, W, 2] (u, v) px, at integer + 0.5."""
    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return np.stack([u, v], axis=-1)


def unproject(matrix: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Camera-frame points [H, W, 3] m of a depth image [H, W] m; zeros where depth is 0."""
    height, width = depth.shape
    rays = (pixel_grid(width, height) - matrix[:2, 2]) / matrix[[0, 1], [0, 1]]
    return np.concatenate([rays * depth[..., None], depth[..., None]], axis=-1)
