def sweep(*args, **kwargs):
    raise NotImplementedError


def sweep_gd(*args, **kwargs):
    raise NotImplementedError
