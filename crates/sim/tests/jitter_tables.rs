//! The generator of the jitter tables: what is committed is what it gives.
#![expect(
    clippy::disallowed_types,
    reason = "the generator of the integers that keep floats out of the simulator"
)]

#[path = "../src/link/tables.rs"]
mod tables;

use tables::{NORMAL, ONE, PARETO, POINTS};

const CELLS: u16 = POINTS as u16 - 1;

fn exp(x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (1.0, 1.0, 0.0);
    while term > 1e-18 * sum {
        n += 1.0;
        term *= x / n;
        sum += term;
    }
    sum
}

/// The share of a standard normal distribution below `x`: its density times a series.
fn normal_share(x: f64) -> f64 {
    const ONE_BY_ROOT_TWO_PI: f64 = 0.398_942_280_401_432_7;
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    while term.abs() > 1e-18 {
        n += 2.0;
        term *= x * x / n;
        sum += term;
    }
    0.5 + sum * ONE_BY_ROOT_TWO_PI / exp(x * x / 2.0)
}

/// The share of a Pareto distribution of shape 3, moved and scaled, below `x`: 1 − (1 / v)³.
fn pareto_share(x: f64) -> f64 {
    // Mean 3 / 2; variance 3 / 4.
    const DEVIATION: f64 = 0.866_025_403_784_438_6;
    let value = x * DEVIATION + 1.5;
    1.0 - 1.0 / (value * value * value)
}

/// Where `share` reaches `goal`, in 1/65536ths, by halving.
fn inverse(share: impl Fn(f64) -> f64, goal: f64) -> i32 {
    let (mut low, mut high) = (-0.577, 30.0);
    if share(low) > goal {
        (low, high) = (-5.0, 0.0);
    }
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if share(middle) < goal { low = middle } else { high = middle }
    }
    (low * f64::from(ONE)).round() as i32
}

#[test]
fn the_normal_table_is_what_its_generator_gives() {
    for point in 1..CELLS {
        let share = f64::from(point) / f64::from(CELLS);
        assert_eq!(NORMAL[usize::from(point)], inverse(normal_share, share), "point {point}");
    }
    assert_eq!((NORMAL[0], NORMAL[POINTS - 1]), (-4 * ONE, 4 * ONE));
}

#[test]
fn the_pareto_table_is_what_its_generator_gives() {
    for point in 1..CELLS {
        let share = f64::from(point) / f64::from(CELLS);
        assert_eq!(PARETO[usize::from(point)], inverse(pareto_share, share), "point {point}");
    }
    // The least value there is: (1 − 3/2) / √(3/4).
    assert_eq!(PARETO[0], -37_837);
    assert_eq!(PARETO[POINTS - 1], inverse(pareto_share, 1.0 - 1.0 / (8.0 * f64::from(CELLS))));
}
