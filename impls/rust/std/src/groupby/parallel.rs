//! Work split over threads that end with it. For one thread none is started.
use std::ops::Range;
use std::thread;

/// Fewer rows than this are not worth a thread.
const LEAST: usize = 1 << 15;

/// Up to `parts` ranges of about equal length that cover `0..length`; at least one.
pub fn ranges(length: usize, parts: usize) -> Vec<Range<usize>> {
    let parts = parts.min(length / LEAST).max(1);
    (0..parts).map(|part| length * part / parts..length * (part + 1) / parts).collect()
}

/// The results of `work` in the order of the items, each item on a thread of its own.
pub fn map<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    if items.len() == 1 {
        return items.into_iter().map(work).collect();
    }
    let work = &work;
    thread::scope(|scope| {
        let spawn = |item| scope.spawn(move || work(item));
        let workers: Vec<_> = items.into_iter().map(spawn).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, R>| {
            worker.join().expect("a panic has ended the program before")
        };
        workers.into_iter().map(join).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_everything_once() {
        for (length, parts, expected) in [(0, 4, 1), (LEAST, 2, 1), (3 * LEAST + 1, 3, 3)] {
            let ranges = ranges(length, parts);
            assert_eq!(ranges.len(), expected);
            assert_eq!((ranges[0].start, ranges[expected - 1].end), (0, length));
            assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
        }
    }

    #[test]
    fn results_keep_the_order_of_the_items() {
        assert_eq!(map(vec![3, 1, 2], |item| item * 10), [30, 10, 20]);
        assert_eq!(map(vec![7], |item| item), [7]);
    }
}
