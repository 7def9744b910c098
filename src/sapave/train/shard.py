"""Weights spread out over processes (FSDP2), and activations computed twice: large models in the memory there is.

Only the blocks of the model are spread out: the equal layers that make up nearly all of it, frozen or not. A block is
gathered when it is computed and let go afterwards, so all processes must compute the same blocks in the same order;
`level` sees to it. What stands outside of blocks is held by every process as without this, and so are, for
one moment when a run begins, all weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from sapave.model.decoder import Block
from sapave.train.parts import Part

ENTRIES = ("losses", "perceive", "generate")
"""Methods of a model by which the loop enters it."""


def blocks(model: nn.Module) -> list[nn.Module]:
    """The innermost layers that are elements of lists, and the decoders' blocks; in the order of the model."""
    found: list[nn.Module] = []

    def walk(module: nn.Module) -> None:
        for child in module.children():
            listed = isinstance(module, nn.ModuleList) and not any(
                isinstance(m, nn.ModuleList) for m in child.modules()
            )
            if listed or isinstance(child, Block):
                found.append(child)
            else:
                walk(child)

    walk(model)
    return [block for block in found if any(True for _ in block.parameters())]


def compute_twice(model: nn.Module) -> None:
    """Activation checkpointing: of each block only its input is kept for the backward pass, which computes it again."""
    from torch.utils.checkpoint import checkpoint

    for block in blocks(model):
        block.forward = partial(checkpoint, block.forward, use_reentrant=False)


def spread(model: Any, device: torch.device, size: int) -> None:
    """Spread the blocks' weights over `size` processes, each tensor along its first dimension (FSDP2); gradients are
    summed. All processes must hold the same model; parameters are other objects afterwards."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import FSDPModule, fully_shard, register_fsdp_forward_method

    mesh = init_device_mesh(device.type, (size,))
    inside = [fully_shard(block, mesh=mesh) for block in blocks(model)]
    held = {parameter for block in inside for parameter in block.parameters()}
    fully_shard(model, mesh=mesh, ignored_params={p for p in model.parameters() if p not in held})
    for name in ENTRIES:
        if hasattr(model, name):
            register_fsdp_forward_method(model, name)
    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)
    model.unshard()  # decides which module is the root, whichever is entered first
    model.reshard()


def is_spread(value: Tensor) -> bool:
    """Does this process hold a part of the tensor alone?"""
    return hasattr(value, "to_local")


def local(value: Tensor) -> Tensor:
    """What this process holds of a tensor."""
    spread_out: Any = value
    return spread_out.to_local() if is_spread(value) else value


@contextmanager
def whole(model: nn.Module, first: bool) -> Iterator[None]:
    """Within, the `first` process has all weights in the model, on the CPU, to save them; all must come here."""
    placed: list[tuple[nn.Module, str, nn.Parameter]] = []
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if is_spread(parameter):
                value: Any = parameter.detach()
                value = value.full_tensor()
                if first:
                    placed.append((module, name, parameter))
                    module._parameters[name] = nn.Parameter(value.cpu(), requires_grad=False)
    try:
        yield
    finally:
        for module, name, parameter in placed:
            module._parameters[name] = parameter


def clip(parameters: Sequence[Tensor], limit: float) -> Tensor:
    """Scale all gradients so that their norm is at most `limit`; the norm before, the same in every process."""
    apart = [p for p in parameters if is_spread(p)]
    if not apart:
        return torch.nn.utils.clip_grad_norm_(parameters, limit)
    grads = [local(p.grad) for p in parameters if p.grad is not None]
    own = [local(p.grad) for p in apart if p.grad is not None]
    shared = [p.grad for p in parameters if p.grad is not None and not is_spread(p)]
    square = torch.nn.utils.get_total_norm(own).square().to(parameters[0].device)
    dist.all_reduce(square)
    norm = (square + torch.nn.utils.get_total_norm(shared).square().to(square.device)).sqrt()
    factor = (limit / (norm + 1e-6)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(factor.to(grad.device))
    return norm


def level(parts: list[Part], count: int, spare: Callable[[], list[Part]]) -> list[Part]:
    """`count` parts that all compute the same blocks; those that fill the number up have no share of anything.

    A part without a row that knows what arms and hands do gets one that pretends to, of which its share is 0.
    `spare` gives parts to fill up with where there are none.
    """
    if len(parts) < count:
        idle = replace((parts or spare())[0], idle=True)
        parts = [*parts, *[idle] * (count - len(parts))]
    out = []
    for part in parts:
        known = part.batch.get("has_other")
        if known is not None and "other_chunk" in part.batch and not known.any():
            known = known.clone()
            known[0] = True
            part = replace(part, batch={**part.batch, "has_other": known})
        out.append(part)
    return out
