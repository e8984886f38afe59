"""所有单元测试共用的准备。"""

import pytest
import torch


@pytest.fixture(autouse=True)
def single_precision_unless_asked():
    """``utils.setup`` 把默认类型改成双精度，那是全局的；每个测试都从 PyTorch 的单精度开始。"""
    torch.set_default_dtype(torch.float32)
    yield
    torch.set_default_dtype(torch.float32)
