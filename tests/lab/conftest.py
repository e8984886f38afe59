"""读者真正会用到的两种环境：JupyterLab，以及 Colab 那样的旧版本组合。"""

import pytest
from playwright.sync_api import sync_playwright

from tests.lab import labserver


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = labserver.launch(playwright)
        yield browser
        browser.close()
