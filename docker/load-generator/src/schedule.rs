//! When requests are due, and which: fixed by the seed before a phase begins, and drawn as it goes so that memory stays bounded.

use crate::ask::{Arrivals, Phase};

/// SplitMix64 (Steele, Lea and Flood 2014): one word of state, enough for gaps and orders.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut made = Self(seed ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        made.next();
        made
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }

    /// Above 0, at most 1.
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// Below `n`; the bias of the remainder is n / 2^64.
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// SplitMix64's finaliser: each bit of the word reaches all bits of what comes out.
pub fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Requests a second at a phase's begin and at its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    pub from: f64,
    pub to: f64,
}

impl Rates {
    /// None for a closed phase. `closed` is what the latest of those got through a second: `share` is one of it, and so is `to` then.
    pub fn of(phase: &Phase, closed: Option<f64>) -> Result<Option<Self>, String> {
        if phase.arrivals == Arrivals::Closed {
            return Ok(None);
        }
        let (from, unit) = match (phase.rate, phase.share) {
            (Some(rate), _) => (rate, 1.0),
            (None, Some(share)) => (share, closed.ok_or("a share, and no closed phase before it")?),
            (None, None) => return Err("neither rate nor share".into()),
        };
        let found = Self { from: from * unit, to: phase.to.unwrap_or(from) * unit };
        for rate in [found.from, found.to] {
            if !(rate > 0.0 && rate.is_finite()) {
                return Err(format!("a rate of {rate}"));
            }
        }
        Ok(Some(found))
    }
}

/// Instants after the phase's start, in nanoseconds; none at or after its end.
pub struct Schedule {
    random: Random,
    arrivals: Arrivals,
    rates: Rates,
    /// Seconds after which a step comes.
    turn: f64,
    seconds: f64,
    count: u64,
    drawn: u64,
    at: f64,
}

impl Schedule {
    pub fn new(seed: u64, number: usize, phase: &Phase, rates: Rates) -> Self {
        let seconds = phase.seconds.unwrap_or(f64::INFINITY);
        Self {
            random: Random::new(seed, 2 * number as u64 + 1),
            arrivals: phase.arrivals,
            rates,
            turn: seconds * phase.turn.unwrap_or(0.5),
            seconds,
            count: phase.count.unwrap_or(u64::MAX),
            drawn: 0,
            at: 0.0,
        }
    }

    fn rate_at(&self, t: f64) -> f64 {
        match self.arrivals {
            Arrivals::Step if t >= self.turn => self.rates.to,
            Arrivals::Ramp => {
                self.rates.from + (self.rates.to - self.rates.from) * t / self.seconds
            }
            _ => self.rates.from,
        }
    }

    /// A Poisson process of a changing rate by thinning (Lewis and Shedler 1979).
    fn poisson(&mut self) -> f64 {
        let top = self.rates.from.max(self.rates.to);
        loop {
            self.at -= self.random.unit().ln() / top;
            if self.at >= self.seconds || self.random.unit() * top <= self.rate_at(self.at) {
                return self.at;
            }
        }
    }
}

impl Iterator for Schedule {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let at = match self.arrivals {
            Arrivals::Constant => self.drawn as f64 / self.rates.from,
            _ => self.poisson(),
        };
        self.drawn += 1;
        (at < self.seconds && self.drawn <= self.count).then_some((at * 1e9) as u64)
    }
}

/// Permutations of all bodies, one after the other (Fisher and Yates).
pub struct Order {
    random: Random,
    order: Vec<u32>,
    at: usize,
}

impl Order {
    pub fn new(seed: u64, bodies: usize) -> Self {
        Self { random: Random::new(seed, 0), order: (0..bodies as u32).collect(), at: bodies }
    }

    pub fn draw(&mut self) -> u32 {
        if self.at == self.order.len() {
            for last in (1..self.order.len()).rev() {
                self.order.swap(last, self.random.below(last + 1));
            }
            self.at = 0;
        }
        self.at += 1;
        self.order[self.at - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(arrivals: Arrivals, seconds: f64) -> Phase {
        let (rate, share, to, turn, count) = (None, None, None, None, None);
        Phase { arrivals, rate, share, to, turn, seconds: Some(seconds), count, drain_s: 1.0 }
    }

    fn due(seed: u64, phase: &Phase, from: f64, to: f64) -> Vec<u64> {
        Schedule::new(seed, 1, phase, Rates { from, to }).collect()
    }

    fn poisson(seed: u64) -> Vec<u64> {
        due(seed, &asked(Arrivals::Poisson, 20.0), 1000.0, 1000.0)
    }

    /// Within four standard deviations of a Poisson count.
    fn near(found: usize, expected: f64) -> bool {
        (found as f64 - expected).abs() < 4.0 * expected.sqrt()
    }

    #[test]
    fn a_seed_gives_one_schedule() {
        assert_eq!(poisson(7), poisson(7));
        assert_ne!(poisson(7), poisson(8));
    }

    /// 20,000 gaps against the exponential law: Kolmogorov and Smirnov's distance at a level of 0.001 is 1.95 / sqrt(n).
    #[test]
    fn gaps_are_exponential() {
        let at = poisson(7);
        let mut gaps: Vec<f64> = at.windows(2).map(|two| (two[1] - two[0]) as f64 / 1e9).collect();
        let n = gaps.len() as f64;
        assert!((n - 20_000.0).abs() < 4.0 * 20_000f64.sqrt());
        gaps.sort_by(f64::total_cmp);
        let far = gaps
            .iter()
            .enumerate()
            .map(|(i, gap)| (1.0 - (-1000.0 * gap).exp() - i as f64 / n).abs());
        assert!(far.fold(0.0, f64::max) < 1.95 / n.sqrt());
    }

    #[test]
    fn a_constant_rate_is_evenly_spaced_and_a_count_ends_it() {
        let mut phase = asked(Arrivals::Constant, 1.0);
        assert_eq!(due(1, &phase, 4.0, 4.0), [0, 250_000_000, 500_000_000, 750_000_000]);
        phase.count = Some(3);
        assert_eq!(due(1, &phase, 4.0, 4.0).len(), 3);
    }

    #[test]
    fn a_step_changes_its_rate_half_way_or_where_it_is_told_to() {
        for (turn, second) in [(None, 5.0), (Some(0.2), 2.0)] {
            let phase = Phase { turn, ..asked(Arrivals::Step, 10.0) };
            let at = due(1, &phase, 3000.0, 1000.0);
            let first = at.iter().filter(|&&t| (t as f64) < second * 1e9).count();
            assert!(near(first, 3000.0 * second), "{first}");
            assert!(near(at.len() - first, 1000.0 * (10.0 - second)));
        }
    }

    #[test]
    fn shares_are_of_the_closed_phase_and_so_is_where_a_step_ends() {
        let mut phase = Phase { to: Some(0.5), ..asked(Arrivals::Step, 1.0) };
        assert_eq!(Rates::of(&phase, Some(400.0)), Err("neither rate nor share".into()));
        phase.share = Some(1.5);
        assert_eq!(Rates::of(&phase, Some(400.0)), Ok(Some(Rates { from: 600.0, to: 200.0 })));
        assert!(Rates::of(&phase, None).is_err());
        phase.to = None;
        assert_eq!(Rates::of(&phase, Some(400.0)), Ok(Some(Rates { from: 600.0, to: 600.0 })));
        phase.rate = Some(30.0);
        phase.to = Some(0.5);
        assert_eq!(Rates::of(&phase, Some(400.0)), Ok(Some(Rates { from: 30.0, to: 0.5 })));
        phase.to = Some(0.0);
        assert_eq!(Rates::of(&phase, None), Err("a rate of 0".into()));
    }

    #[test]
    fn each_permutation_holds_each_body_once() {
        let mut order = Order::new(3, 100);
        for _ in 0..3 {
            let mut drawn: Vec<u32> = (0..100).map(|_| order.draw()).collect();
            drawn.sort_unstable();
            assert!(drawn.iter().copied().eq(0..100));
        }
    }
}
