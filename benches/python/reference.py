"""The figures of `tapedeck bench portfolio` and `bench options` by hand-vectorised numpy.

Speaks lines of JSON. The first line in holds the inputs; the first line out holds the figures, flat lists by name, with the
options also which other library there is. Every line in after that names a computation, and the seconds it took go out.
"""

import json
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
YEAR = 252.0


# ---------------------------------------------------------------------------------------------------- one portfolio


def regress(x, y):
    """Least squares of columns y on columns x: centred, scaled, by normal equations."""
    n, k = x.shape
    mean, y_mean = x.mean(0), y.mean(0)
    xc, yc = x - mean, y - y_mean
    norm = np.sqrt(np.einsum("ij,ij->j", xc, xc))
    xs = xc / norm
    gram = xs.T @ xs
    inverse = np.linalg.inv(gram)
    slopes = (inverse @ (xs.T @ yc)) / norm[:, None]
    residuals = yc - xc @ slopes
    squares = np.einsum("ij,ij->j", residuals, residuals)
    total = np.einsum("ij,ij->j", yc, yc)
    variance = squares / (n - k - 1)
    scaled = mean / norm
    unit = np.append(np.diag(inverse) / norm**2, 1.0 / n + scaled @ inverse @ scaled)
    errors = np.sqrt(unit[:, None] * variance)
    intercept = y_mean - mean @ slopes
    return dict(slopes=slopes, intercept=intercept, r2=1.0 - squares / total, errors=errors, gram=gram,
                xs=xs, yc=yc, norm=norm, deviation=np.sqrt(variance))


def rolling_mean(values, window):
    sums = np.cumsum(np.concatenate(([0.0], values)))
    return (sums[window:] - sums[:-window]) / window


def har(day, week, month, targets):
    rows = len(targets)
    x = np.column_stack((day[:rows], week[:rows], month[:rows]))
    fit = regress(x, targets[:, None])
    slopes, intercept = fit["slopes"][:, 0], fit["intercept"][0]
    forecast = intercept + slopes @ np.array([day[-1], week[-1], month[-1]])
    coefficients = np.append(intercept, slopes)
    errors = np.append(fit["errors"][3, 0], fit["errors"][:3, 0])
    return np.concatenate((coefficients, coefficients / errors, [fit["r2"][0], forecast]))


def shock_vectors(covariance, scenarios, factors):
    vectors = []
    for given in scenarios:
        named = [index for index, _ in given]
        sizes = np.array([size for _, size in given])
        direct = np.zeros(factors)
        direct[named] = sizes
        correlated = direct
        if named and len(named) < factors:
            correlated = covariance[:, named] @ np.linalg.solve(covariance[np.ix_(named, named)], sizes)
            correlated[named] = sizes
        vectors += [direct, correlated]
    return np.array(vectors)


class Portfolio:
    def __init__(self, data):
        self.closes = np.ascontiguousarray(np.array(data["closes"]).T)
        self.exposures = np.array(data["exposures"])
        self.equity = data["equity"]
        self.factor_closes = np.ascontiguousarray(np.array([data["market"]] + data["styles"]).T)
        self.scenarios = data["scenarios"]
        n = len(self.closes) - 1
        self.ewma = 0.06 * 0.94 ** np.arange(n - 1, -1, -1.0)
        self.ewma[0] = 0.94 ** (n - 1)
        decay = 0.94 ** np.arange(251, -1, -1.0)
        self.decay = decay / decay.sum()
        self.quantiles = data["normal_quantiles"]

    def __call__(self):
        closes, equity = self.closes, self.equity
        returns = np.diff(closes, axis=0) / closes[:-1]
        recent = self.factor_closes[-253:]
        factor_returns = np.diff(recent, axis=0) / recent[:-1]
        weights = self.exposures / equity
        r = returns @ weights
        n = len(r)
        out = [r[-5:]]
        # Volatility.
        out.append([r[-w:].std(ddof=1) * YEAR**0.5 for w in (21, 63, 252)])
        windows = np.lib.stride_tricks.sliding_window_view(r[-41:], 21)
        vols = windows.std(axis=1, ddof=1) * YEAR**0.5
        t = np.arange(21.0) - 10.0
        vc = vols - vols.mean()
        slope = (t @ vc) / (t @ t)
        out.append([slope, slope * (t @ vc) / (vc @ vc)])
        squares = r * r
        out.append([np.sqrt(YEAR * (self.ewma @ squares))])
        m21, m22, m5 = rolling_mean(squares, 21), rolling_mean(squares, 22), rolling_mean(squares, 5)
        vol = lambda mean: np.sqrt(YEAR * mean)
        out.append(har(vol(squares[20:]), vol(m5[16:]), vol(m21), vol(m21[21:])))
        for horizon in (1, 5, 22):
            out.append(har(squares[21:], m5[17:], m22, rolling_mean(squares[22:], horizon)))
        # Reward.
        mean, deviation = r.mean(), r.std(ddof=1)
        below = np.minimum(r, 0.0)
        out.append([mean / deviation * YEAR**0.5, mean / np.sqrt(below @ below / n) * YEAR**0.5])
        wealth = np.cumprod(1.0 + r)
        drawdown = 1.0 - wealth / np.maximum(np.maximum.accumulate(wealth), 1.0)
        out.append([wealth[-1] - 1.0, -drawdown.max(), -drawdown[-1], np.sqrt(drawdown @ drawdown / n)])
        # Tails.
        ordered = np.sort(r)
        for confidence, z in zip((0.95, 0.99), self.quantiles):
            k = int(np.ceil(n * (1.0 - confidence) - 1e-9))
            density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
            out.append([-ordered[k - 1], -ordered[:k].mean(), z * deviation - mean,
                        deviation * density / (1.0 - confidence) - mean])
        centred = r - mean
        second = centred * centred
        m2, m3, m4 = second.mean(), (second * centred).mean(), (second * second).mean()
        excess = m4 / (m2 * m2) - 3.0
        at = lambda p: ordered[int((n - 1) * p)] + (ordered[int((n - 1) * p) + 1] - ordered[int((n - 1) * p)]) * (
            (n - 1) * p - int((n - 1) * p))
        out.append([m3 / m2**1.5 * np.sqrt(n * (n - 1.0)) / (n - 2.0),
                    (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * excess + 6.0),
                    abs(at(0.95)) / abs(at(0.05)), ordered[0], ordered[-1]])
        # Dependence.
        deviations = returns - returns.mean(0)
        covariance = deviations.T @ deviations / (n - 1)
        sigma = np.sqrt(np.diag(covariance))
        correlation = covariance / np.outer(sigma, sigma)
        gross = np.abs(weights) / np.abs(weights).sum()
        pair = np.outer(gross, gross)
        np.fill_diagonal(pair, 0.0)
        product = covariance @ weights
        book = np.sqrt(weights @ product)
        parts = weights * product / book
        out += [correlation.ravel(),
                [(pair * np.abs(correlation)).sum() / pair.sum(), (pair * correlation).sum() / pair.sum(),
                 1.0 / (gross @ correlation @ gross), np.abs(weights) @ sigma / book, book],
                parts, parts / book * (self.quantiles[0] * book)]
        falling = np.sort(gross)[::-1]
        hhi = falling @ falling
        out.append([1e4 * hhi, 1.0 / hhi, np.exp(-(falling * np.log(falling)).sum()), falling[:3].sum(),
                    falling[:10].sum()])
        # Market and factors.
        fit = regress(factor_returns[-90:, :1], returns[-90:])
        out += [fit["slopes"].ravel(), fit["intercept"], fit["errors"].ravel(), fit["r2"], fit["deviation"]]
        factors = factor_returns[-252:].copy()
        factors[:, 1:] -= factors[:, :1]
        fit = regress(factors, returns[-252:])
        eigen = np.linalg.eigvalsh(fit["gram"])
        shrunk = np.linalg.solve(fit["gram"] + np.eye(factors.shape[1]) / 252.0, fit["xs"].T @ fit["yc"])
        ridge = shrunk / fit["norm"][:, None]
        betas = fit["slopes"] if np.sqrt(eigen[-1] / eigen[0]) <= 100.0 else ridge
        betas = np.vstack((np.clip(betas[:1], -5.0, 5.0), betas[1:]))
        out += [betas.T.ravel(), fit["errors"].T.ravel(), fit["r2"], ridge.T.ravel()]
        scaled = factors * np.sqrt(self.decay)[:, None]
        shocks = shock_vectors(scaled.T @ scaled, self.scenarios, factors.shape[1])
        moves = shocks @ betas
        results = self.exposures * np.maximum(moves, -1.0)
        out += [results.ravel(), results.sum(1), ((self.exposures @ betas.T) * shocks).ravel(), shocks.ravel()]
        return np.concatenate([np.asarray(part, dtype=float) for part in out])


# ------------------------------------------------------------------------------------------------- many portfolios


class Batch:
    def __init__(self, data):
        self.closes = np.array(data["closes"])
        self.market = np.array(data["market"])
        self.symbols = np.array(data["symbols"])
        self.weights = np.array(data["weights"])
        self.z = data["normal_quantiles"][0]
        # Where the pairs of each book stand in the matrix of all symbols, and the memory for its own matrix: the
        # largest result, which the other side keeps from round to round as well.
        self.pairs = self.symbols[:, :, None] * len(self.closes) + self.symbols[:, None, :]
        self.matrices = np.empty(self.pairs.shape)

    def __call__(self):
        returns = np.diff(self.closes, axis=1) / self.closes[:, :-1]
        market = np.diff(self.market) / self.market[:-1]
        deviations = returns - returns.mean(1, keepdims=True)
        mc = market - market.mean()
        betas = deviations @ mc / (mc @ mc)
        standard = deviations / np.sqrt(np.einsum("ij,ij->i", deviations, deviations))[:, None]
        correlation = standard @ standard.T
        weights = np.zeros((len(self.symbols), len(returns)))
        np.put_along_axis(weights, self.symbols, self.weights, axis=1)
        r = weights @ returns
        n = r.shape[1]
        mean, deviation = r.mean(1), r.std(1, ddof=1)
        k = int(np.ceil(n * 0.05 - 1e-9))
        ordered = np.sort(r, axis=1)
        wealth = np.cumprod(1.0 + r, axis=1)
        peak = np.maximum(np.maximum.accumulate(wealth, axis=1), 1.0)
        drawdown = (1.0 - wealth / peak).max(1)
        np.take(correlation.ravel(), self.pairs, out=self.matrices, mode="clip")
        density = np.exp(-0.5 * self.z * self.z) / np.sqrt(2.0 * np.pi)
        return np.column_stack((weights @ betas, deviation * YEAR**0.5, mean / deviation * YEAR**0.5,
                                -ordered[:, k - 1], -ordered[:, :k].mean(1), self.z * deviation - mean,
                                deviation * density / 0.05 - mean, -drawdown))

    def flat(self):
        figures = self()
        return np.concatenate((figures.ravel(), self.matrices[0].ravel(), self.matrices[-1].ravel()))


# ---------------------------------------------------------------------------------------------------------- options


def cumulative(x):
    """The normal distribution function."""
    from scipy.special import ndtr

    return ndtr(x)


class Options:
    def __init__(self, data):
        columns = ("sign", "spot", "strike", "years", "rate", "dividend_yield", "volatility", "price")
        for name in columns:
            setattr(self, name, np.array(data[name]))

    def __call__(self):
        f, s, k, t, q, v = self.sign, self.spot, self.strike, self.years, self.dividend_yield, self.volatility
        root = np.sqrt(t)
        total = v * root
        forward, discount = s * np.exp(-q * t), np.exp(-self.rate * t)
        d1 = (np.log(s / k) + (self.rate - q) * t) / total + 0.5 * total
        d2 = d1 - total
        density = np.exp(-0.5 * d1 * d1) * 0.3989422804014327
        n1, n2 = cumulative(f * d1), cumulative(f * d2)
        near, far = f * forward * n1, f * k * discount * n2
        decay = forward * density
        return np.array((near - far, f * forward / s * n1, decay / (s * s * total),
                         -decay * v / (2.0 * root) + q * near - self.rate * far, decay * root, t * far))

    def flat(self):
        return self()[:, ::97].ravel()

    def implied_library(self):
        try:
            import QuantLib

            return "QuantLib"
        except ImportError:
            pass
        try:
            import py_vollib.black_scholes_merton.implied_volatility  # noqa: F401

            return "py_vollib"
        except ImportError:
            return None

    def implied(self):
        """Seconds an option of the library's own implied volatility, over every fiftieth option."""
        library = self.implied_library()
        rows = range(0, len(self.spot), 50)
        s, k, t, f, p = self.spot, self.strike, self.years, self.sign, self.price
        forward = s * np.exp((self.rate - self.dividend_yield) * t)
        discount = np.exp(-self.rate * t)
        arguments = [(int(f[i]), float(k[i]), float(forward[i]), float(p[i]), float(discount[i]), float(t[i]),
                      float(s[i]), float(self.rate[i]), float(self.dividend_yield[i])) for i in rows]
        if library == "QuantLib":
            import QuantLib as ql

            started = time.perf_counter()
            for sign, strike, ahead, price, factor, *_ in arguments:
                try:
                    ql.blackFormulaImpliedStdDev(ql.Option.Call if sign > 0 else ql.Option.Put, strike, ahead,
                                                 price, factor)
                except RuntimeError:
                    pass
            return (time.perf_counter() - started) / len(arguments)
        from py_vollib.black_scholes_merton.implied_volatility import implied_volatility

        started = time.perf_counter()
        for sign, strike, _, price, _, years, spot, rate, dividend_yield in arguments:
            try:
                implied_volatility(price, spot, strike, years, rate, dividend_yield, "c" if sign > 0 else "p")
            except Exception:
                pass
        return (time.perf_counter() - started) / len(arguments)


# --------------------------------------------------------------------------------------------------------- the lines


def main():
    data = json.loads(sys.stdin.readline())
    kinds = {"portfolio": Portfolio, "batch": Batch, "options": Options}
    computations = {name: kinds[name](of) for name, of in data.items()}
    answer = {}
    for name, computation in computations.items():
        answer[name] = (computation.flat() if hasattr(computation, "flat") else computation()).tolist()
    if "options" in computations:
        answer["implied_library"] = computations["options"].implied_library()
    print(json.dumps(answer), flush=True)
    for line in sys.stdin:
        name = line.strip()
        if name == "implied":
            print(computations["options"].implied(), flush=True)
            continue
        computation = computations[name]
        started = time.perf_counter()
        computation()
        print(time.perf_counter() - started, flush=True)


main()
