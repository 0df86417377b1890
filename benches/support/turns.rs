//! Variants of the same work that take turns, so that a noisy machine disturbs
//! all of them alike. What counts is the ratio within each round.

use std::io;
use std::time::Instant;

/// One way to do the work.
pub(crate) struct Variant<'a> {
    name: &'static str,
    work: Box<dyn FnMut() -> io::Result<()> + 'a>,
}

impl<'a> Variant<'a> {
    pub(crate) fn new(name: &'static str, work: impl FnMut() -> io::Result<()> + 'a) -> Self {
        Variant {
            name,
            work: Box::new(work),
        }
    }
}

/// How many rounds: the number on the command line, or `usual`.
pub(crate) fn rounds(usual: usize) -> usize {
    let mut arguments = std::env::args().skip(1);
    arguments
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(usual)
}

/// Runs the variants in turn, and prints each one's rate, in `amount` of `unit`
/// by its time, and its ratio to the first variant's.
pub(crate) fn compare(
    title: &str,
    (amount, unit): (f64, &str),
    rounds: usize,
    mut variants: Vec<Variant<'_>>,
) -> io::Result<()> {
    let mut rates = vec![Vec::new(); variants.len()];
    for round in 0..=rounds {
        for turn in 0..variants.len() {
            // Nobody always comes after the same one.
            let index = (turn + round) % variants.len();
            let started = Instant::now();
            (variants[index].work)()?;
            let rate = amount / started.elapsed().as_secs_f64();
            // The first round warms up.
            if round > 0 {
                rates[index].push(rate);
            }
        }
    }
    println!("\n{title}, {rounds} rounds");
    println!(
        "{:<34} {:>11} {:>11} {:>11}   {:>5} {:>5} {:>5}",
        unit, "p10", "median", "p90", "p10", "ratio", "p90"
    );
    let first = rates[0].clone();
    for (variant, rates) in variants.iter().zip(rates) {
        let ratios = rates.iter().zip(&first).map(|(rate, first)| rate / first);
        let [low, middle, high] = spread(ratios.collect());
        let [slow, median, fast] = spread(rates);
        println!(
            "{:<34} {slow:>11.0} {median:>11.0} {fast:>11.0}   {low:>5.2} {middle:>5.2} {high:>5.2}",
            variant.name
        );
    }
    Ok(())
}

/// The 10th percentile, the median and the 90th percentile.
pub(crate) fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_unstable_by(f64::total_cmp);
    [10, 50, 90].map(|percent| {
        let index = values.len().saturating_sub(1) * percent / 100;
        values.get(index).copied().unwrap_or_default()
    })
}
