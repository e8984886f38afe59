# make site   构建网站到 _build/html          make test   全部测试
# make serve  在浏览器里读                    make bench  各项预算与这台机器的实测
# make lab    用 JupyterLab 打开笔记本        make clean  删掉生成的一切（.venv 除外）
# make pdf    把网站印成一个 PDF              make mutants  把辅助包一处处改坏，看测试发现不发现
#
# 只需要 Python 3.11 以上和 make。换一个解释器：make site PYTHON=python3.12

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
SITE := _build/html/.stamp
# 名字里带空格的（例如 Untitled Folder）不是书的一部分，make 也写不出这样的依赖
SOURCES := _config.yml _toc.yml $(shell find book utils theme -type f -not -path '* *' \
	-not -path '*/node_modules/*' -not -path '*/vendor/*' -not -path '*/__pycache__/*' \
	-not -path '*/.ipynb_checkpoints/*')
export OMP_NUM_THREADS ?= 1

.PHONY: site serve pdf lab test mutants bench clean setup-cells prose lock screenshot

site: $(SITE)

.venv/.stamp: requirements.txt requirements.lock pyproject.toml
	@$(PYTHON) -c "import sys; sys.version_info >= (3, 11) or sys.exit('需要 Python 3.11 或更新的版本，例如 make PYTHON=python3.12')"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -q --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements.txt  # 只剩辅助包，Linux 上还有 torch
	@mkdir -p .venv/etc/ipython  # 内核只听本机，不必每启动一个都警告没有加密
	@echo '{"IPKernelApp": {"log_level": "ERROR"}}' > .venv/etc/ipython/ipython_kernel_config.json
	@touch $@

theme/vendor/.stamp: theme/package-lock.json theme/build.py theme/widgets.js requirements.txt | .venv/.stamp
	$(BIN)/python -m theme.build scripts
	@touch $@

$(SITE): $(SOURCES) theme/vendor/.stamp
	$(BIN)/jupyter-book build -W --keep-going .
	@touch $@

serve: site
	@echo "在浏览器里打开 http://localhost:$(PORT)/  （Ctrl+C 结束）"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

pdf: site
	$(BIN)/python -m theme.build pdf

lab: .venv/.stamp
	$(BIN)/jupyter lab --notebook-dir=book

# 各部分用了多久，留给 make bench 推算写满以后要多久
PYTEST = $(BIN)/python -m pytest -n 2 --dist loadgroup --junitxml=_build/times/$(1).xml

test: .venv/.stamp theme/vendor/.stamp
	$(BIN)/python -m theme.build browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(call PYTEST,unit) tests/unit tests/book tests/mutants --ignore=tests/book/test_html.py
	$(MAKE) site
	$(call PYTEST,site) tests/book/test_html.py tests/site
	$(BIN)/python -m tests.lab.second
	JUPYTER_PATH=_build/second/jupyter $(call PYTEST,second) --dist loadfile --nbval \
		--nbval-kernel-name colab --nbval-sanitize-with tests/lab/sanitize.cfg _build/second/notebooks
	$(call PYTEST,lab) --dist loadfile tests/lab

mutants: site
	$(BIN)/python -m tests.mutants

bench: site
	$(BIN)/python -m benchmarks

setup-cells: .venv/.stamp
	$(BIN)/python -m theme.build setup-cells

prose: .venv/.stamp  # 改了很多正文以后：重取 load("prose") 的语料
	$(BIN)/python theme/prose.py

lock: .venv/.stamp  # 改了 requirements.txt 以后
	$(BIN)/python -m pip install -q uv
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m theme.build lock

screenshot: site
	$(BIN)/python -m theme.build screenshot

clean:
	rm -rf _build theme/vendor theme/node_modules build dist *.egg-info
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
