"""A picture as SVG: text that every browser draws, the same each time."""

from xml.sax.saxutils import escape, quoteattr

from nas.drawing.shapes import Path, Picture, Shape, Step, Text

_FONTS = "Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif"


def svg(picture: Picture) -> str:
    """Return a picture as an SVG document on a ground of its own.

    It needs no other file, has no scripts, styles or ids, and may stand inside a page
    of HTML.
    """
    width, height = _number(picture.width), _number(picture.height)
    has_text = any(isinstance(shape, Text) for shape in picture.shapes)
    fonts = f' font-family="{_FONTS}"' if has_text else ""
    return "".join(
        (
            '<svg xmlns="http://www.w3.org/2000/svg" role="img" '
            f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'fill="none"{fonts}>\n',
            f"<title>{escape(picture.title)}</title>\n",
            f"<desc>{escape(picture.description)}</desc>\n",
            f'<path d="M0 0h{width}v{height}H0z" fill="#fff"/>\n',
            *(f"{_element(shape)}\n" for shape in picture.shapes),
            "</svg>\n",
        )
    )


def _element(shape: Shape) -> str:
    return _text(shape) if isinstance(shape, Text) else _path(shape)


def _text(text: Text) -> str:
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    weight = ' font-weight="bold"' if text.bold else ""
    return (
        f'<text x="{_number(text.x)}" y="{_number(text.y)}" '
        f'font-size="{_number(text.size)}" fill="{_colour(text.colour)}"'
        f"{anchor}{weight}>{escape(text.text)}</text>"
    )


def _path(path: Path) -> str:
    values = {"d": outline_data(path.steps, filled=path.fill is not None)}
    if path.fill is not None:
        values["fill"] = _colour(path.fill)
    if path.stroke is not None:
        values["stroke"] = _colour(path.stroke)
        if path.width != 1:
            values["stroke-width"] = _number(path.width)
    if path.dash is not None:
        values["stroke-dasharray"] = " ".join(map(_number, path.dash))
    attributes = " ".join(f"{name}={quoteattr(v)}" for name, v in values.items())
    return f"<path {attributes}/>"


def outline_data(steps: tuple[Step, ...], *, filled: bool = True) -> str:
    """Return steps as a path's data: relative, to tenths, without needless signs.

    Every step starts where the rounded ones before it have led, so that rounding
    does not add up. Where nothing is ``filled``, a line that starts where the one
    before it has ended goes on from there.
    """
    data = command = ""
    x = y = start_x = start_y = 0.0
    for name, points in steps:
        if name == "Z":
            data += "z"
            command = "z"
            x, y = start_x, start_y
            continue
        moves = [(_tenths(px - x), _tenths(py - y)) for px, py in points]
        dx, dy = moves[-1]
        goes_on = name == "L" or (not filled and command not in ("", "z"))
        if dx == dy == 0 and goes_on and name != "C":
            continue
        after, numbers = name.lower(), [value for move in moves for value in move]
        if name == "L" and dx == 0:
            after, numbers = "v", [dy]
        elif name == "L" and dy == 0:
            after, numbers = "h", [dx]
        if after != command or after == "m":  # a further one needs no name
            first, *numbers = numbers
            data += after + _number(first)
        data += "".join(_next(value) for value in numbers)
        command = after
        x, y = _tenths(x + dx), _tenths(y + dy)
        if name == "M":
            start_x, start_y = x, y
    return data


def _next(value: float) -> str:
    """Return a number behind another, with a space where no minus parts them."""
    number = _number(value)
    return number if number.startswith("-") else f" {number}"


def _number(value: float) -> str:
    """Return a number to tenths: '3', '0.5' as '.5', '-0.5' as '-.5'."""
    text = f"{_tenths(value):.1f}".removesuffix(".0")
    if text == "-0":
        return "0"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def _tenths(value: float) -> float:
    return round(value, 1)


def _colour(colour: str) -> str:
    """Return '#ffffff' as '#fff'."""
    if colour[1::2] == colour[2::2]:
        return "#" + colour[1::2]
    return colour
