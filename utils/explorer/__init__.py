Bars = Image = Line = Path = Points = None


def explore(*args, **kwargs):
    raise NotImplementedError
