//! Median and standard deviation: the values of each group side by side, then each group by itself.
use std::ops::Range;

use super::grouping::{Accumulator, Grouping};
use super::parallel;
use super::sums::Sizes;

/// The median and the standard deviation of every group that occurs, in the order of the groups.
///
/// Each thread goes through all rows for groups of its own: no two threads write to the same
/// memory, for the price of reading the rows more than once.
pub fn of_groups(
    grouping: &Grouping,
    sizes: &[Sizes],
    values: &[f64],
    threads: usize,
) -> (Vec<f64>, Vec<f64>) {
    let parts = parallel::map(shares(sizes, threads), |groups| {
        let mut sorted = by_group(grouping, sizes, groups.clone(), values);
        let mut rest = sorted.as_mut_slice();
        let mut spread = |group: &Sizes| {
            let values = rest.split_off_mut(..group.values as usize).expect("sizes add up");
            let deviation = standard_deviation(values);
            (median(values), deviation)
        };
        sizes[groups].iter().filter(|group| group.seen()).map(&mut spread).collect::<Vec<_>>()
    });
    parts.into_iter().flatten().unzip()
}

/// Ranges of groups with about as many values each.
fn shares(sizes: &[Sizes], threads: usize) -> Vec<Range<usize>> {
    let total = sizes.iter().map(|group| group.values as usize).sum();
    let (mut group, mut before) = (0, 0);
    let mut share = |values: Range<usize>| {
        let start = group;
        while group < sizes.len() && (before < values.end || values.end == total) {
            before += sizes[group].values as usize;
            group += 1;
        }
        start..group
    };
    parallel::ranges(total, threads).into_iter().map(&mut share).collect()
}

/// The values of some groups that are not missing, group by group.
fn by_group(
    grouping: &Grouping,
    sizes: &[Sizes],
    groups: Range<usize>,
    values: &[f64],
) -> Vec<f64> {
    let mut total = 0;
    let mut next: Vec<usize> = Vec::with_capacity(groups.len());
    for group in &sizes[groups.clone()] {
        next.push(total);
        total += group.values as usize;
    }
    let mut sorted = vec![0.0; total];
    grouping.each(0..values.len(), |group, row| {
        let value = values[row];
        if groups.contains(&group) && !value.is_nan() {
            let at = &mut next[group - groups.start];
            sorted[*at] = value;
            *at += 1;
        }
    });
    sorted
}

/// The sample's, around the mean found first; NaN of fewer than two values.
pub fn standard_deviation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    if values.len() < 2 {
        return f64::NAN;
    }
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (squares / (count - 1.0)).sqrt()
}

/// The mean of the two in the middle of an even number; NaN of none. Reorders the values.
pub fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let (half, even) = (values.len() / 2, values.len().is_multiple_of(2));
    let (below, &mut upper, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    if !even {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    lower + (upper - lower) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(values: &[u32]) -> Vec<Sizes> {
        let size = |&count: &u32| {
            let mut size = Sizes::default();
            (0..count).for_each(|_| size.add(1.0));
            size
        };
        values.iter().map(size).collect()
    }

    #[test]
    fn shares_cover_all_groups_once() {
        let many = 1 << 16;
        for counts in [vec![], vec![0, 0], vec![0, many, many, 0], vec![many, 1, 1, many, 0]] {
            let shares = shares(&sizes(&counts), 2);
            assert_eq!(shares[0].start, 0);
            assert_eq!(shares[shares.len() - 1].end, counts.len());
            assert!(shares.windows(2).all(|pair| pair[0].end == pair[1].start));
        }
        assert_eq!(shares(&sizes(&[many, many]), 2), [0..1, 1..2]);
    }

    #[test]
    fn medians() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, -1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&mut [7.0]), 7.0);
        assert!(median(&mut []).is_nan());
    }

    #[test]
    fn standard_deviations() {
        assert_eq!(standard_deviation(&[1.0, 3.0]), 2.0f64.sqrt());
        assert_eq!(standard_deviation(&[5.0, 5.0, 5.0]), 0.0);
        assert!(standard_deviation(&[5.0]).is_nan());
    }
}
