"""Plain renderings of published networks, with their tensors' names, from their descriptions.

Shift: the first eighth of the channels reads the next frame, the second eighth the previous one.
ResNets have basic blocks or bottlenecks, (2, 1, 1, 1) of them, as `tiny_backbones` has.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

T = 4
CLASSES = 7
LAYERS = [2, 1, 1, 1]
MOBILE_STAGES = (
    *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
    *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
)
"""MobileNetV2's table 2: expansion, channels, blocks, stride."""


class Shifted(nn.Module):
    """Shifts the frames of clips of T before a layer, which is called ``net``."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        video = x.unflatten(0, (-1, T))
        fold = video.shape[2] // 8
        shifted = torch.zeros_like(video)
        for t in range(T):
            if t + 1 < T:
                shifted[:, t, :fold] = video[:, t + 1, :fold]
            if t > 0:
                shifted[:, t, fold : 2 * fold] = video[:, t - 1, fold : 2 * fold]
            shifted[:, t, 2 * fold :] = video[:, t, 2 * fold :]
        return self.net(shifted.flatten(0, 1))


class Wrapped(nn.Module):
    """Holds a module under another name, such as DataParallel's ``module``."""

    def __init__(self, name: str, module: nn.Module) -> None:
        super().__init__()
        self.name = name
        self.add_module(name, module)

    def forward(self, x: Tensor) -> Tensor:
        return self.get_submodule(self.name)(x)


class AuthorsTSN(nn.Module):
    """TSN of TSM's authors: a network for frames, and the classifier beside it."""

    def __init__(self, base_model: nn.Module, features: int) -> None:
        super().__init__()
        self.base_model = base_model
        self.new_fc = nn.Linear(features, CLASSES)

    def forward(self, frames: Tensor) -> Tensor:
        return self.new_fc(self.base_model(frames)).unflatten(0, (-1, T)).mean(1)


def authors_resnet(shift: bool, every: int = 1, layers: Sequence[int] = tuple(LAYERS)) -> nn.Module:
    """Render a ResNet of TSM's authors in DataParallel, with the shift inside of conv1."""
    network = ResNet(BasicBlock, list(layers))
    network.fc = nn.Identity()
    for stage in (network.layer1, network.layer2, network.layer3, network.layer4):
        for block in list(stage)[:: every if shift else 100]:
            block.conv1 = Shifted(block.conv1) if shift else block.conv1
    return Wrapped("module", AuthorsTSN(network, 512))


def authors_tanet() -> tuple[nn.Module, nn.Module]:
    """Render the names of TANet's authors; the second network is its ResNet, without TAM."""
    network = ResNet(Bottleneck, LAYERS, CLASSES, width_per_group=32)
    outer = ResNet(Bottleneck, LAYERS, CLASSES, width_per_group=32)
    outer.load_state_dict(network.state_dict())
    head, outer.fc = outer.fc, nn.Identity()
    for name in ("layer1", "layer2", "layer3", "layer4"):
        blocks: list[nn.Module] = list(getattr(outer, name))
        for index, block in enumerate(blocks):
            blocks[index] = Wrapped("net", block)
            blocks[index].add_module("tam", named(("G",), [nn.Linear(T, 2 * T, bias=False)]))
        setattr(outer, name, nn.Sequential(*blocks))
    whole = AuthorsTSN(outer, 2048)
    whole.new_fc = head
    return Wrapped("module", whole), network


class ConvModule(nn.Module):
    """mmaction2's convolution, ``conv``, norm, ``bn``, and activation."""

    def __init__(
        self,
        *sizes: int,
        stride: int = 1,
        groups: int = 1,
        act: type[nn.Module] = nn.Identity,
    ) -> None:
        super().__init__()
        inputs, outputs, side = sizes
        self.conv: nn.Module = nn.Conv2d(
            inputs, outputs, side, stride, side // 2, groups=groups, bias=False
        )
        self.bn = nn.BatchNorm2d(outputs)
        self.act = act()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))


class MmBlock(nn.Module):
    """mmaction2's basic block."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = ConvModule(inputs, outputs, 3, stride=stride, act=nn.ReLU)
        self.conv2 = ConvModule(outputs, outputs, 3)
        self.downsample: nn.Module | None = None
        if inputs != outputs:
            self.downsample = ConvModule(inputs, outputs, 1, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        return (self.conv2(self.conv1(x)) + shortcut).relu()


class MmHead(nn.Module):
    """mmaction2's head: spatial mean, classifier ``fc_cls``, mean over the clip."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.fc_cls = nn.Linear(features, CLASSES)

    def forward(self, maps: Tensor) -> Tensor:
        return self.fc_cls(maps.mean((2, 3))).unflatten(0, (-1, T)).mean(1)


class MmRecognizer(nn.Module):
    """mmaction2's recognizer: ``backbone`` and ``cls_head``."""

    def __init__(self, backbone: nn.Module, features: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.cls_head = MmHead(features)

    def forward(self, frames: Tensor) -> Tensor:
        return self.cls_head(self.backbone(frames))


def named(names: Sequence[str], modules: Sequence[nn.Module]) -> nn.Sequential:
    """Chain modules under names."""
    network = nn.Sequential()
    for name, module in zip(names, modules, strict=True):
        network.add_module(name, module)
    return network


def mmaction2_resnet(shift: bool) -> nn.Module:
    """Render mmaction2's ResNet with the shift inside of ``conv1.conv``."""
    parts: list[nn.Module] = [
        ConvModule(3, 64, 7, stride=2, act=nn.ReLU),
        nn.MaxPool2d(3, 2, 1),
    ]
    inputs = 64
    for stage, depth in enumerate(LAYERS):
        outputs = 64 * 2**stage
        sizes = [(inputs, outputs, min(stage + 1, 2)), *[(outputs, outputs, 1)] * (depth - 1)]
        blocks = [MmBlock(*size) for size in sizes]
        for block in blocks:
            block.conv1.conv = Shifted(block.conv1.conv) if shift else block.conv1.conv
        parts.append(nn.Sequential(*blocks))
        inputs = outputs
    names = ("conv1", "maxpool", "layer1", "layer2", "layer3", "layer4")
    return MmRecognizer(named(names, parts), 512)


class MobileBlock(nn.Module):
    """MobileNetV2's block around its chain of layers, ``conv``."""

    def __init__(self, conv: nn.Sequential, shortcut: bool) -> None:
        super().__init__()
        if shortcut:  # TSM shifts in the blocks with a shortcut
            conv[0] = Shifted(conv[0])
        self.conv = conv
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.shortcut else self.conv(x)


def mobile_layers(
    inputs: int, outputs: int, stride: int, expansion: int
) -> list[tuple[ConvModule, bool]]:
    """Make a block's convolutions, each with whether an activation follows."""
    wide = inputs * expansion
    first = [(ConvModule(inputs, wide, 1, act=nn.ReLU6), True)] if expansion > 1 else []
    spatial = ConvModule(wide, wide, 3, stride=stride, groups=wide, act=nn.ReLU6)
    return [*first, (spatial, True), (ConvModule(wide, outputs, 1), False)]


def flat(layers: Sequence[tuple[ConvModule, bool]]) -> nn.Sequential:
    """Number convolutions, norms and activations one by one, as TSM's authors do."""
    single: list[nn.Module] = []
    for layer, active in layers:
        single += [layer.conv, layer.bn, *([layer.act] if active else [])]
    return nn.Sequential(*single)


def mobile_stages(authors: bool) -> list[list[MobileBlock]]:
    """Make MobileNetV2's seven stages."""
    stages, inputs = [], 32
    for expansion, outputs, depth, stride in MOBILE_STAGES:
        blocks = []
        for index in range(depth):
            step = stride if index == 0 else 1
            layers = mobile_layers(inputs, outputs, step, expansion)
            chain = flat(layers) if authors else nn.Sequential(*(layer for layer, _ in layers))
            blocks.append(MobileBlock(chain, step == 1 and inputs == outputs))
            inputs = outputs
        stages.append(blocks)
    return stages


def authors_mobilenet() -> nn.Module:
    """Render the MobileNetV2 of TSM's authors."""
    stem = ConvModule(3, 32, 3, stride=2, act=nn.ReLU6)
    last = ConvModule(320, 1280, 1, act=nn.ReLU6)
    blocks = [block for stage in mobile_stages(authors=True) for block in stage]
    features = nn.Sequential(flat([(stem, True)]), *blocks, flat([(last, True)]))
    pooled = named(("features", "pool"), [features, nn.AdaptiveAvgPool2d(1)])
    pooled.add_module("flatten", nn.Flatten())
    return Wrapped("module", AuthorsTSN(pooled, 1280))


def mmaction2_mobilenet() -> nn.Module:
    """Render mmaction2's MobileNetV2."""
    stages = [nn.Sequential(*stage) for stage in mobile_stages(authors=False)]
    stem = ConvModule(3, 32, 3, stride=2, act=nn.ReLU6)
    last = ConvModule(320, 1280, 1, act=nn.ReLU6)
    names = ["conv1", *(f"layer{number}" for number in range(1, 8)), "conv2"]
    return MmRecognizer(named(names, [stem, *stages, last]), 1280)


def randomised(network: nn.Module) -> nn.Module:
    """Give norms statistics that a fresh network does not have, and evaluate."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 2)  # type: ignore[arg-type]
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias, std=0.1)
    return network.eval()
