"""Pictures as bytes: AV1 mp4 for colour, PNG for what must come back exactly (depth, segmentation)."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, UnidentifiedImageError

CODEC = "libsvtav1"
PRESET = 12
GOP = 2
DEFAULT_CRF = 20


def encode_video(frames: np.ndarray, fps: int, crf: int = DEFAULT_CRF) -> bytes:
    """mp4 bytes (av1, yuv420p, a key frame every 2nd frame) of frames uint8 [T, H, W, 3], H and W even.

    Measured: 1.4 ms of one core per 176 x 128 frame (100 frames; 2.3 ms in clips of 20 on a busy machine), 3 kB and
    40 dB at crf 20.
    """
    frames = np.asarray(frames)
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3 or len(frames) == 0:
        raise ValueError(f"video: found {frames.dtype} {frames.shape}, expected uint8 [T >= 1, H, W, 3]")
    if frames.shape[1] % 2 or frames.shape[2] % 2:
        raise ValueError(f"video: found {frames.shape[1]} x {frames.shape[2]} pixels, expected even height and width")
    os.environ.setdefault("SVT_LOG", "1")  # the encoder otherwise prints its settings for every file
    options = {"g": str(GOP), "crf": str(crf), "preset": str(PRESET), "svtav1-params": "lp=1"}
    buffer = io.BytesIO()
    with _own_scheduling(), av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream(CODEC, rate=fps, options=options)
        stream.height, stream.width, stream.pix_fmt = frames.shape[1], frames.shape[2], "yuv420p"
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return buffer.getvalue()


@contextmanager
def _own_scheduling() -> Iterator[None]:
    """Undo what SVT-AV1 does when it runs as root: it makes the calling thread real-time, which starves the machine."""
    if not hasattr(os, "sched_getscheduler"):
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


def decode_video(path: Path, start: float, count: int, fps: float) -> np.ndarray:
    """`count` frames uint8 [T, H, W, 3] that begin `start` seconds into an mp4.

    ValueError in one line when the file is missing, damaged or too short.
    """
    if not path.is_file():
        raise ValueError(f"{path}: video is missing; put the file back or collect the data set again")
    frames: list[np.ndarray | None] = [None] * count
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            if start > 0 and stream.time_base:
                container.seek(int((start + 0.25 / fps) / stream.time_base), stream=stream)
            for frame in container.decode(stream):
                place = round((float(frame.time or 0.0) - start) * fps)
                if 0 <= place < count:
                    frames[place] = frame.to_ndarray(format="rgb24")
                if place >= count - 1:
                    break
    except (av.error.FFmpegError, IndexError) as error:
        raise ValueError(
            f"{path}: video cannot be read ({error}); put the file back or collect the data set again"
        ) from error
    found = [frame for frame in frames if frame is not None]
    if len(found) != count:
        raise ValueError(
            f"{path}: found {len(found)} frames from {start:.3f} s, expected {count}; "
            "the file is truncated: put it back or collect the data set again"
        )
    return np.stack(found)


def concatenate_videos(videos: Sequence[Path], out: Path, fps: int) -> list[int]:
    """Join mp4 files of one size and codec without decoding them; the number of frames of each."""
    counts: list[int] = []
    frame_time = Fraction(1, fps)
    with av.open(str(out), "w", format="mp4") as container:
        stream = None
        for path in videos:
            try:
                with av.open(str(path)) as source:
                    inlet = source.streams.video[0]
                    if stream is None:
                        stream = container.add_stream_from_template(inlet, opaque=True)
                        stream.time_base = inlet.time_base
                    packets = [packet for packet in source.demux(inlet) if packet.dts is not None]
                    shift = int(sum(counts) * frame_time / packets[0].time_base) if packets else 0
                    for packet in packets:
                        packet.pts, packet.dts = (packet.pts or 0) + shift, (packet.dts or 0) + shift
                        packet.stream = stream
                        container.mux(packet)
                    counts.append(len(packets))
            except (av.error.FFmpegError, IndexError) as error:
                raise ValueError(f"{path}: video cannot be joined ({error}); collect its data set again") from error
    return counts


def encode_png(image: np.ndarray) -> bytes:
    """PNG bytes of uint8 [H, W], uint8 [H, W, 3] or uint16 [H, W]; exact."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(buffer, "png", compress_level=1)
    return buffer.getvalue()


def decode_png(data: bytes) -> np.ndarray:
    """The array behind PNG bytes; ValueError when they are damaged."""
    try:
        return np.asarray(Image.open(io.BytesIO(data)))
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(f"PNG of {len(data)} bytes cannot be read ({error})") from error


def to_millimetres(depth: np.ndarray) -> np.ndarray:
    """Depth in metres [...] as uint16 mm; 0 where nothing was measured or beyond 65.535 m."""
    millimetres = np.rint(np.nan_to_num(np.asarray(depth, np.float64), nan=0.0, posinf=0.0, neginf=0.0) * 1000)
    return np.where((millimetres > 0) & (millimetres <= 65535), millimetres, 0).astype(np.uint16)


def to_metres(millimetres: np.ndarray) -> np.ndarray:
    """uint16 mm [...] as float32 metres."""
    return millimetres.astype(np.float32) / np.float32(1000)
