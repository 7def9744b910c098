"""Shelf of spatial encoders: each module offers SPATIAL_ENCODER, with `name`, `doc` and `build(config, width)`.

`build` makes an nn.Module for a language model of that width. Its own `width` is that of its tokens (0: it has none);
`forward(batch, depth, rays, points, has)` returns tokens [I, 64, width], its own points [I, 32, 32, 3] m in the base
frame, and the log of its own depths [I, 32, 32]. `batch` has rgb, depth, intrinsics and base_from_camera as they came;
depth [I, 32, 32] m (0 = none), rays [I, 32, 32, 2] slopes and points [I, 32, 32, 3] m are those of sub-cells
(`model/spatial.py`). `has` [I, 3]: are depth, intrinsics, pose given? What is not given must not be read.
"""
