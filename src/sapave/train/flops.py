"""What a row costs: the floating-point operations of its forward and backward pass, counted once, for the MFU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext

from torch import Tensor


def flops_of(loss: Callable[[], Tensor], parameters: Sequence[Tensor]) -> int:
    """Operations of `loss()` and its backward pass: 2 per multiply-add of matrix products, convolutions and attention,
    as run (what a frozen part saves is not counted). Gradients are cleared afterwards, weights keep every bit.
    """
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    # the counter has no formula for the CPU's fused attention; written out, its two products are counted
    plain = sdpa_kernel(SDPBackend.MATH) if parameters[0].device.type == "cpu" else nullcontext()
    with FlopCounterMode(display=False) as counter, plain:
        loss().backward()
    for parameter in parameters:
        parameter.grad = None
    return counter.get_total_flops()


def utilisation(flops_per_row: float, rows_per_s: float, peak_tflops: float) -> float:
    """MFU: the share of the peak [TFLOP/s] that the model's own operations take."""
    return flops_per_row * rows_per_s / (peak_tflops * 1e12)
