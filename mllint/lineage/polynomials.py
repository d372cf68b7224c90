"""Sums and products in normal form: `x * 0.001` is `x / 1000`, `2 * (a + b)` is `a * 2 + b * 2`.

A sum is held as coefficients of products of factors. Coefficients are rational, so that no rounding of ours comes in.
A product whose coefficient vanishes stays, with 0: `x - x` is missing where `x` is.
"""

from __future__ import annotations

from fractions import Fraction

from mllint.lineage.expressions import Apply, Constant, Expression
from mllint.lineage.ordering import key

Product = tuple[Expression, ...]  # sorted factors, repeats for powers; () is the constant term
Terms = dict[Product, Fraction]
_MOST = 24  # products of a sum: beyond, brackets stay


def arithmetic(operator: str, arguments: tuple[Expression, ...]) -> Expression:
    """ADD, SUB, MUL, DIV or NEG of arguments in normal form."""
    terms = [_terms(argument) for argument in arguments]
    if operator == "MUL":  # numbers last: `x * 0 * x` is `x * x * 0`
        terms.sort(key=lambda each: set(each) <= {()})
    match operator:
        case "ADD":
            result = terms[0]
            for other in terms[1:]:
                result = _sum(result, other, Fraction(1))
        case "SUB":
            result = _sum(terms[0], terms[1], Fraction(-1))
        case "NEG":
            result = {product: -c for product, c in terms[0].items()}
        case "MUL":
            result = terms[0]
            for other in terms[1:]:
                result = _product(result, other)
        case _:
            result = _quotient(terms[0], terms[1])
    return _expression(result)


def _terms(expression: Expression) -> Terms:
    match expression:
        case Constant(float() | int() as value) if not isinstance(value, bool):
            return {(): Fraction(repr(value)) if isinstance(value, float) else Fraction(value)}
        case Apply("ADD", arguments):
            result: Terms = {}
            for argument in arguments:
                result = _sum(result, _terms(argument), Fraction(1))
            return result
        case Apply("MUL", arguments):
            result = {(): Fraction(1)}
            for argument in arguments:
                # a factor that is a sum stays a factor: it was not worth multiplying out when it was built
                factor: Terms = _terms(argument) if isinstance(argument, Constant) else {(argument,): Fraction(1)}
                result = _product(result, factor)
            return result
        case _:
            return {(expression,): Fraction(1)}


def _sum(a: Terms, b: Terms, sign: Fraction) -> Terms:
    result = dict(a)
    for product, coefficient in b.items():
        result[product] = result.get(product, Fraction(0)) + sign * coefficient
    return result


def _product(a: Terms, b: Terms) -> Terms:
    if set(a) <= {()}:
        a, b = b, a
    if set(b) <= {()}:  # by a constant
        factor = b.get((), Fraction(0))
        return {product: coefficient * factor for product, coefficient in a.items()}
    (left, x), (right, y) = _primitive(a), _primitive(b)
    return {_sorted(left + right): x * y}


def _quotient(a: Terms, b: Terms) -> Terms:
    if set(b) <= {()} and b.get((), 0) != 0:
        factor = 1 / b[()]
        return {product: coefficient * factor for product, coefficient in a.items()}
    if set(b) <= {()}:
        return {(Apply("DIV", (_expression(a), Constant(0))),): Fraction(1)}
    (above, x), (below, y) = _primitive(a), _primitive(b)
    return {(Apply("DIV", (_factors(above), _factors(below))),): x / y}


def _primitive(terms: Terms) -> tuple[Product, Fraction]:
    """A sum as one product with a coefficient: a single product itself, else the sum divided by its first
    coefficient, so that `(2 * a + 2 * b) * c` and `2 * (a + b) * c` meet."""
    if len(terms) == 1:
        [(product, coefficient)] = terms.items()
        if coefficient:
            return product, coefficient
        return ((_expression(terms),) if product else (Constant(0),)), Fraction(1)
    first = min((product for product, c in terms.items() if c and product), key=_order, default=None)
    scale = terms[first] if first is not None else Fraction(1)
    return (_expression({product: c / scale for product, c in terms.items()}),), scale


def _expression(terms: Terms) -> Expression:
    constant = terms.get((), Fraction(0))
    products = sorted((product for product in terms if product), key=_order)
    parts = [_scaled(product, terms[product]) for product in products[:_MOST]]
    if len(products) > _MOST:
        parts.append(Apply("ADD", tuple(_scaled(product, terms[product]) for product in products[_MOST:])))
    if constant or not parts:
        parts.append(_number(constant))
    if len(parts) == 1:
        return parts[0]
    return Apply("ADD", tuple(parts))


def _scaled(product: Product, coefficient: Fraction) -> Expression:
    if coefficient == 1 or product == (Constant(None),):
        return _factors(product)
    return Apply("MUL", (*product, _number(coefficient)))


def _factors(product: Product) -> Expression:
    if not product:
        return Constant(1)
    return product[0] if len(product) == 1 else Apply("MUL", product)


def _number(value: Fraction) -> Constant:
    if value.denominator == 1:
        return Constant(int(value))
    try:
        return Constant(float(value))
    except OverflowError:
        return Constant(int(value))


def _sorted(product: Product) -> Product:
    return tuple(sorted(product, key=key))


def _order(product: Product) -> tuple[tuple[int, str], ...]:
    return tuple(map(key, product))
