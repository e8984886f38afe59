def load(*args, **kwargs):
    raise NotImplementedError
