"""The search for inline code finds it, and only it."""

import pytest

from tests.inline import inline_code


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<script type="module">import "a"</script>',
        "<style>a{}</style>",
        '<p style="color:red">',
        '<a class="x" onclick="f()">',
        '<button\n  onclick = "f()">',
        '<a href="javascript:void(0)">',
        '<script src="https://cdn.example.com/a.js"></script>',
        '<link href="//fonts.example.com/a.css">',
    ],
)
def test_inline_code_is_found(html):
    assert inline_code(html)


@pytest.mark.parametrize(
    "html",
    [
        '<script src="/static/a.js" defer></script>',
        '<script id="x" type="application/json">{"a": 1}</script>',
        '<link rel="stylesheet" href="/static/a.css">',
        '<a href="/one=two" class="style">on = off</a>',
        '<svg xmlns="http://www.w3.org/2000/svg">',
    ],
)
def test_what_the_policy_allows_is_left_alone(html):
    assert inline_code(html) == []
