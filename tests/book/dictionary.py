"""导入它，就读好了 jieba 的词典：``prepared`` 的各个进程共用，不必各读一遍。"""

import jieba

jieba.setLogLevel("WARNING")
jieba.initialize()
