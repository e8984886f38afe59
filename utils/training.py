def fit(*args, **kwargs):
    raise NotImplementedError
