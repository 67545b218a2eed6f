#!/usr/bin/env python3
"""Forward passes, the judge of rule sets for pictures: TensorFlow's with the weights of a TensorFlow 1
checkpoint, and PyTorch's with those that a rule set makes of it. Both count in double precision.

    forward_judge.py make DIRECTORY      a checkpoint of random weights for each architecture
    forward_judge.py compare DIRECTORY   the largest difference of what both make of two pictures, by the
                                         largest number in it if that is above 1, and how much the pictures
                                         differ in it

Names and shapes are those of architectures.py. The graphs are written from the programs of the authors:
tensorflow/models, research/slim/nets, and tensorflow/tpu, models/official/efficientnet. EfficientNet in
PyTorch is Hugging Face's; the others have torchvision's names, and slim's strides and padding.
"""

import contextlib
import json
import os
import sys

from transformers_judge import architectures, write_checkpoint

a = architectures()
UNITS = [3, 4, 6, 3]
WIDTH = 16
VARIABLES = {
    "resnet-v1": lambda: a.resnet(1, 50, UNITS, 11, WIDTH),
    "resnet-v2": lambda: a.resnet(2, 50, UNITS, 11, WIDTH),
    "inception-v3": lambda: a.inception_v3(11),
    "efficientnet": lambda: a.efficientnet("b0", 11),
    "efficientnet-b1": lambda: a.efficientnet("b1", 11),
}
SIZES = {"inception-v3": 299}  # of the picture; else 64


def random_value(random, name, shape):
    """Values that neither fade away nor grow, layer by layer."""
    if name.endswith("variance") or name.endswith("gamma"):
        return random.uniform(0.5, 1.5, shape)
    if len(shape) < 2:
        return random.normal(0, 0.1, shape)
    inputs = shape[0] * shape[1] if "depthwise" in name else shape[-2] * (shape[0] * shape[1] if len(shape) > 2 else 1)
    return random.normal(0, (3 / inputs) ** 0.5, shape)


def make(directory):
    answer = {}
    for name, variables in VARIABLES.items():
        architecture = variables()
        write_checkpoint(architecture, os.path.join(directory, name), random_value)
        answer[name] = {"rule_set": architecture.rule_set, "back": architecture.back, "dropped": architecture.dropped}
    return answer


# TensorFlow.


class Graph:
    """What the programs of the authors do, with the variables of a checkpoint."""

    def __init__(self, path, epsilon, norm):
        import tensorflow as tf

        self.tf, self.epsilon, self.norm_name = tf, epsilon, norm
        self.reader = tf.train.load_checkpoint(path)

    def get(self, name):
        return self.tf.cast(self.reader.get_tensor(name), self.tf.float64)

    def conv(self, x, name, stride=1, padding="SAME", kernel="weights", bias=None):
        x = self.tf.nn.conv2d(x, self.get(f"{name}/{kernel}"), stride, padding)
        return x + self.get(f"{name}/{bias}") if bias else x

    def conv_same(self, x, name, stride, **arguments):
        """slim's conv2d_same: with a stride, the same padding on both sides."""
        if stride == 1:
            return self.conv(x, name, **arguments)
        pad = (self.get(f"{name}/weights").shape[0] - 1) // 2
        x = self.tf.pad(x, [[0, 0], [pad, pad], [pad, pad], [0, 0]])
        return self.conv(x, name, stride, "VALID", **arguments)

    def norm(self, x, name):
        mean, variance = self.get(name + "/moving_mean"), self.get(name + "/moving_variance")
        scale = self.get(name + "/gamma") if self.reader.has_tensor(name + "/gamma") else 1
        return (x - mean) / self.tf.sqrt(variance + self.epsilon) * scale + self.get(name + "/beta")

    def conv_norm(self, x, name, stride=1, padding="SAME", activation=True):
        x = self.norm(self.conv(x, name, stride, padding), f"{name}/{self.norm_name}")
        return self.tf.nn.relu(x) if activation else x

    def pool(self, x, kind, size, stride, padding):
        return self.tf.nn.pool(x, [size, size], kind, [stride, stride], padding)

    def logits(self, x, name):
        x = self.tf.reduce_mean(x, [1, 2], keepdims=True)
        return self.tf.squeeze(self.conv(x, name, bias="biases"), [1, 2])


def slim_resnet(path, x, version):
    g = Graph(path, 1e-5, "BatchNorm")
    relu = g.tf.nn.relu
    scope = f"resnet_v{version}_50"

    def part(x, name, stride=1, activation=True):
        x = g.norm(g.conv_same(x, name, stride), name + "/BatchNorm")
        return relu(x) if activation else x

    if version == 1:
        x = part(x, f"{scope}/conv1", 2)
    else:
        x = g.conv_same(x, f"{scope}/conv1", 2, bias="biases")
    x = g.pool(x, "MAX", 3, 2, "SAME")
    for block, count in enumerate(UNITS, 1):
        for unit in range(1, count + 1):
            stride = 2 if unit == count and block < 4 else 1  # the last unit of a block
            name = f"{scope}/block{block}/unit_{unit}/bottleneck_v{version}"
            inputs = x if version == 1 else relu(g.norm(x, name + "/preact"))
            if unit > 1:
                shortcut = x[:, ::stride, ::stride]
            elif version == 1:
                shortcut = part(x, name + "/shortcut", stride, False)
            else:
                shortcut = g.conv(inputs, name + "/shortcut", stride, bias="biases")
            y = part(part(inputs, name + "/conv1"), name + "/conv2", stride)
            if version == 1:
                x = relu(shortcut + part(y, name + "/conv3", activation=False))
            else:
                x = shortcut + g.conv(y, name + "/conv3", bias="biases")
    if version == 2:
        x = relu(g.norm(x, f"{scope}/postnorm"))
    return g.logits(x, f"{scope}/logits"), None


def slim_inception(path, x):
    g = Graph(path, 0.001, "BatchNorm")
    scope = "InceptionV3/"

    def conv(x, name, stride=1, padding="SAME"):
        return g.conv_norm(x, scope + name, stride, padding)

    def branch(x, block, *names):
        for name in names:
            x = conv(x, f"{block}/{name}")
        return x

    def average(x):
        return g.pool(x, "AVG", 3, 1, "SAME")

    x = conv(x, "Conv2d_1a_3x3", 2, "VALID")
    x = conv(x, "Conv2d_2a_3x3", 1, "VALID")
    x = conv(x, "Conv2d_2b_3x3")
    x = g.pool(x, "MAX", 3, 2, "VALID")
    x = conv(x, "Conv2d_3b_1x1", 1, "VALID")
    x = conv(x, "Conv2d_4a_3x3", 1, "VALID")
    x = g.pool(x, "MAX", 3, 2, "VALID")
    for block in ["Mixed_5b", "Mixed_5c", "Mixed_5d"]:
        five = ["Conv2d_0b_1x1", "Conv_1_0c_5x5"] if block == "Mixed_5c" else ["Conv2d_0a_1x1", "Conv2d_0b_5x5"]
        x = g.tf.concat([
            branch(x, block, "Branch_0/Conv2d_0a_1x1"),
            branch(x, block, *[f"Branch_1/{name}" for name in five]),
            branch(x, block, "Branch_2/Conv2d_0a_1x1", "Branch_2/Conv2d_0b_3x3", "Branch_2/Conv2d_0c_3x3"),
            branch(average(x), block, "Branch_3/Conv2d_0b_1x1"),
        ], 3)
    x = g.tf.concat([
        conv(x, "Mixed_6a/Branch_0/Conv2d_1a_1x1", 2, "VALID"),
        conv(branch(x, "Mixed_6a", "Branch_1/Conv2d_0a_1x1", "Branch_1/Conv2d_0b_3x3"),
             "Mixed_6a/Branch_1/Conv2d_1a_1x1", 2, "VALID"),
        g.pool(x, "MAX", 3, 2, "VALID"),
    ], 3)
    for block in ["Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"]:
        x = g.tf.concat([
            branch(x, block, "Branch_0/Conv2d_0a_1x1"),
            branch(x, block, "Branch_1/Conv2d_0a_1x1", "Branch_1/Conv2d_0b_1x7", "Branch_1/Conv2d_0c_7x1"),
            branch(x, block, "Branch_2/Conv2d_0a_1x1", "Branch_2/Conv2d_0b_7x1", "Branch_2/Conv2d_0c_1x7",
                   "Branch_2/Conv2d_0d_7x1", "Branch_2/Conv2d_0e_1x7"),
            branch(average(x), block, "Branch_3/Conv2d_0b_1x1"),
        ], 3)
    aux = conv(g.pool(x, "AVG", 5, 3, "VALID"), "AuxLogits/Conv2d_1b_1x1")
    aux = g.logits(conv(aux, "AuxLogits/Conv2d_2a_5x5", 1, "VALID"), scope + "AuxLogits/Conv2d_2b_1x1")
    x = g.tf.concat([
        conv(branch(x, "Mixed_7a", "Branch_0/Conv2d_0a_1x1"), "Mixed_7a/Branch_0/Conv2d_1a_3x3", 2, "VALID"),
        conv(branch(x, "Mixed_7a", "Branch_1/Conv2d_0a_1x1", "Branch_1/Conv2d_0b_1x7", "Branch_1/Conv2d_0c_7x1"),
             "Mixed_7a/Branch_1/Conv2d_1a_3x3", 2, "VALID"),
        g.pool(x, "MAX", 3, 2, "VALID"),
    ], 3)
    for block in ["Mixed_7b", "Mixed_7c"]:
        tall = "Conv2d_0b_3x1" if block == "Mixed_7b" else "Conv2d_0c_3x1"
        one = branch(x, block, "Branch_1/Conv2d_0a_1x1")
        two = branch(x, block, "Branch_2/Conv2d_0a_1x1", "Branch_2/Conv2d_0b_3x3")
        x = g.tf.concat([
            branch(x, block, "Branch_0/Conv2d_0a_1x1"),
            branch(one, block, "Branch_1/Conv2d_0b_1x3"), branch(one, block, f"Branch_1/{tall}"),
            branch(two, block, "Branch_2/Conv2d_0c_1x3"), branch(two, block, "Branch_2/Conv2d_0d_3x1"),
            branch(average(x), block, "Branch_3/Conv2d_0b_1x1"),
        ], 3)
    return g.logits(x, scope + "Logits/Conv2d_1c_1x1"), aux


def tpu_efficientnet(path, x, variant):
    g = Graph(path, 0.001, "")
    scope, norm = f"efficientnet-{variant}", "tpu_batch_normalization"

    def swish(x):
        return x * g.tf.sigmoid(x)

    def conv(x, name, stride=1, **arguments):
        return g.conv(x, f"{scope}/{name}", stride, kernel="kernel", **arguments)

    x = swish(g.norm(conv(x, "stem/conv2d", 2), f"{scope}/stem/{norm}"))
    for n, (_, stride, expansion, inputs, outputs) in enumerate(a.efficientnet_blocks(variant)):
        block = f"blocks_{n}"
        norms = [f"{scope}/{block}/{norm}{suffix}" for suffix in ["", "_1", "_2"]]
        convs = ["conv2d", "conv2d_1"]
        y = x
        if expansion != 1:
            y = swish(g.norm(conv(y, f"{block}/{convs.pop(0)}"), norms.pop(0)))
        kernel = g.get(f"{scope}/{block}/depthwise_conv2d/depthwise_kernel")
        y = g.tf.nn.depthwise_conv2d(y, kernel, [1, stride, stride, 1], "SAME")
        y = swish(g.norm(y, norms.pop(0)))
        s = g.tf.reduce_mean(y, [1, 2], keepdims=True)
        s = swish(conv(s, f"{block}/se/conv2d", bias="bias"))
        y = g.tf.sigmoid(conv(s, f"{block}/se/conv2d_1", bias="bias")) * y
        y = g.norm(conv(y, f"{block}/{convs.pop(0)}"), norms.pop(0))
        x = x + y if stride == 1 and inputs == outputs else y
    x = swish(g.norm(conv(x, "head/conv2d"), f"{scope}/head/{norm}"))
    x = g.tf.reduce_mean(x, [1, 2])
    return x @ g.get(f"{scope}/head/dense/kernel") + g.get(f"{scope}/head/dense/bias"), None


# PyTorch.


def torch_resnet(version):
    from torch import nn

    def conv(inputs, outputs, size, stride=1, bias=False):
        return nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=bias)

    class Bottleneck(nn.Module):
        def __init__(self, inputs, middle, stride, has_downsample):
            super().__init__()
            self.stride = stride
            self.conv1 = conv(inputs, middle, 1)
            self.conv2 = conv(middle, middle, 3, stride)
            self.conv3 = conv(middle, 4 * middle, 1, bias=version == 2)
            self.bn1 = nn.BatchNorm2d(middle if version == 1 else inputs)
            self.bn2 = nn.BatchNorm2d(middle)
            self.bn3 = nn.BatchNorm2d(4 * middle if version == 1 else middle)
            self.downsample = None
            if has_downsample:
                down = conv(inputs, 4 * middle, 1, stride, bias=version == 2)
                self.downsample = nn.Sequential(down, nn.BatchNorm2d(4 * middle)) if version == 1 else down

        def forward(self, x):
            if version == 1:
                shortcut = self.downsample(x) if self.downsample else x[:, :, :: self.stride, :: self.stride]
                y = self.bn1(self.conv1(x)).relu()
                y = self.bn2(self.conv2(y)).relu()
                return (self.bn3(self.conv3(y)) + shortcut).relu()
            y = self.bn1(x).relu()
            shortcut = self.downsample(y) if self.downsample else x[:, :, :: self.stride, :: self.stride]
            y = self.bn2(self.conv1(y)).relu()
            y = self.bn3(self.conv2(y)).relu()
            return self.conv3(y) + shortcut

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = conv(3, WIDTH, 7, 2, bias=version == 2)
            inputs = WIDTH
            for block, count in enumerate(UNITS, 1):
                units, middle = [], WIDTH << (block - 1)
                for unit in range(1, count + 1):
                    # torchvision has the stride in the first unit
                    stride = 2 if unit == count and block < 4 else 1
                    units.append(Bottleneck(inputs, middle, stride, unit == 1))
                    inputs = 4 * middle
                setattr(self, f"layer{block}", nn.Sequential(*units))
            if version == 1:
                self.bn1 = nn.BatchNorm2d(WIDTH)
            else:
                self.bn = nn.BatchNorm2d(inputs)
            self.fc = nn.Linear(inputs, 11)

        def forward(self, x):
            x = self.conv1(x)
            if version == 1:
                x = self.bn1(x).relu()
            # torchvision pads by 1 on both sides
            x = nn.functional.max_pool2d(nn.functional.pad(x, (0, 1, 0, 1), value=-float("inf")), 3, 2)
            for block in [self.layer1, self.layer2, self.layer3, self.layer4]:
                x = block(x)
            if version == 2:
                x = self.bn(x).relu()
            return self.fc(x.mean((2, 3))), None

    return ResNet()


def torch_inception():
    import torch
    from torch import nn
    from torch.nn import functional as f

    class Conv(nn.Module):
        def __init__(self, inputs, outputs, size, stride, padding):
            super().__init__()
            self.conv = nn.Conv2d(inputs, outputs, size, stride, padding, bias=False)
            self.bn = nn.BatchNorm2d(outputs, eps=0.001)

        def forward(self, x):
            return self.bn(self.conv(x)).relu()

    narrow = {"Conv2d_1a_3x3": 2, "Conv2d_2a_3x3": 1, "Conv2d_4a_3x3": 1, "Mixed_6a.branch3x3": 2,
              "Mixed_6a.branch3x3dbl_3": 2, "Mixed_7a.branch3x3_2": 2, "Mixed_7a.branch7x7x3_4": 2,
              "AuxLogits.conv1": 1}  # without padding, and their strides

    class Inception(nn.Module):
        def __init__(self):
            super().__init__()
            for _, name, height, width, inputs, outputs in a.inception_v3_convolutions():
                stride = narrow.get(name, 1)
                padding = 0 if name in narrow else (height // 2, width // 2)
                self.put(name, Conv(inputs, outputs, (height, width), stride, padding))
            self.put("AuxLogits.fc", nn.Linear(768, 11))
            self.put("fc", nn.Linear(2048, 11))

        def put(self, name, module):
            parent = self
            for part in name.split(".")[:-1]:
                if not hasattr(parent, part):
                    parent.add_module(part, nn.Module())
                parent = getattr(parent, part)
            parent.add_module(name.split(".")[-1], module)

        def forward(self, x):
            def run(x, block, *names):
                for name in names:
                    x = getattr(block, name)(x)
                return x

            def average(x):  # torchvision counts the padding
                return f.avg_pool2d(x, 3, 1, 1, count_include_pad=False)

            x = run(x, self, "Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3")
            x = run(f.max_pool2d(x, 3, 2), self, "Conv2d_3b_1x1", "Conv2d_4a_3x3")
            x = f.max_pool2d(x, 3, 2)
            for b in [self.Mixed_5b, self.Mixed_5c, self.Mixed_5d]:
                x = torch.cat([
                    run(x, b, "branch1x1"), run(x, b, "branch5x5_1", "branch5x5_2"),
                    run(x, b, "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"), run(average(x), b, "branch_pool"),
                ], 1)
            b = self.Mixed_6a
            x = torch.cat([
                run(x, b, "branch3x3"), run(x, b, "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
                f.max_pool2d(x, 3, 2),
            ], 1)
            for b in [self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e]:
                x = torch.cat([
                    run(x, b, "branch1x1"), run(x, b, "branch7x7_1", "branch7x7_2", "branch7x7_3"),
                    run(x, b, *[f"branch7x7dbl_{n}" for n in range(1, 6)]), run(average(x), b, "branch_pool"),
                ], 1)
            aux = run(f.avg_pool2d(x, 5, 3), self.AuxLogits, "conv0", "conv1")
            aux = self.AuxLogits.fc(aux.mean((2, 3)))
            b = self.Mixed_7a
            x = torch.cat([
                run(x, b, "branch3x3_1", "branch3x3_2"), run(x, b, *[f"branch7x7x3_{n}" for n in range(1, 5)]),
                f.max_pool2d(x, 3, 2),
            ], 1)
            for b in [self.Mixed_7b, self.Mixed_7c]:
                one, two = run(x, b, "branch3x3_1"), run(x, b, "branch3x3dbl_1", "branch3x3dbl_2")
                x = torch.cat([
                    run(x, b, "branch1x1"), run(one, b, "branch3x3_2a"), run(one, b, "branch3x3_2b"),
                    run(two, b, "branch3x3dbl_3a"), run(two, b, "branch3x3dbl_3b"), run(average(x), b, "branch_pool"),
                ], 1)
            return self.fc(x.mean((2, 3))), aux

    return Inception()


def torch_efficientnet(variant):
    import transformers

    width, depth = a.EFFICIENTNETS[variant]
    config = transformers.EfficientNetConfig(
        width_coefficient=width, depth_coefficient=depth, hidden_dim=a.rounded(1280 * width), num_labels=11,
        image_size=64, depthwise_padding=[])
    model = transformers.EfficientNetForImageClassification(config)
    forward = model.forward
    model.forward = lambda x: (forward(x).logits, None)
    return model


MODELS = {
    "resnet-v1": (lambda p, x: slim_resnet(p, x, 1), lambda: torch_resnet(1)),
    "resnet-v2": (lambda p, x: slim_resnet(p, x, 2), lambda: torch_resnet(2)),
    "inception-v3": (slim_inception, torch_inception),
    "efficientnet": (lambda p, x: tpu_efficientnet(p, x, "b0"), lambda: torch_efficientnet("b0")),
    "efficientnet-b1": (lambda p, x: tpu_efficientnet(p, x, "b1"), lambda: torch_efficientnet("b1")),
}


def compare(directory):
    import numpy as np
    import torch
    from safetensors.torch import load_file
    from transformers import EfficientNetForImageClassification  # before TensorFlow: each has an LLVM

    answer = {}
    for name, (graph, module) in MODELS.items():
        size = SIZES.get(name, 64)
        pictures = np.random.default_rng(1).standard_normal([2, size, size, 3])
        theirs = graph(os.path.join(directory, name, "model.ckpt"), pictures)
        model = module()
        tensors = load_file(os.path.join(directory, name, "model.safetensors"))
        keys = model.load_state_dict(tensors, strict=False)
        # slim's Inception has no gamma, which is 1 in PyTorch from the beginning
        missing = [k for k in keys.missing_keys if not k.endswith("num_batches_tracked")
                   and not (name == "inception-v3" and k.endswith(".bn.weight"))]
        with torch.no_grad():
            ours = model.double().eval()(torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy()))
        pairs = [(one.numpy(), two.numpy()) for one, two in zip(theirs, ours) if one is not None]
        answer[name] = {
            "compared": sum(one.size for one, _ in pairs),
            "sensitivity": float(min(abs(one[0] - one[1]).max() for one, _ in pairs)),
            "difference": float(max(abs(one - two).max() / max(1, abs(one).max()) for one, two in pairs)),
            "missing": missing,
            "unexpected": list(keys.unexpected_keys),
        }
    return answer


if __name__ == "__main__":
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        result = {"make": make, "compare": compare}[sys.argv[1]](sys.argv[2])
    print(json.dumps(result))
