//! Repeated measurements of one value.

use crate::Result;

/// Largest spread of steady values, as a fraction of the median.
const STEADY: f64 = 0.15;

/// Measured values in ascending order. There is at least one value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// Returns samples with a single value.
    pub(crate) fn one(value: f64) -> Self {
        Self(vec![value])
    }

    /// Returns samples of these values. There must be at least one value.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// Measures each client once per round. Other load on the machine then affects all clients equally.
    pub(crate) fn alternating(
        clients: &[&str],
        rounds: usize,
        mut measure: impl FnMut(&str) -> Result<f64>,
    ) -> Result<Vec<Self>> {
        let mut all = vec![Vec::new(); clients.len()];
        for _ in 0..rounds.max(1) {
            for (client, values) in clients.iter().zip(&mut all) {
                values.push(measure(client)?);
            }
        }
        Ok(all.into_iter().map(Self::of).collect())
    }

    /// Measures two values of each client once per round. Returns the samples of the first and of the second value.
    pub(crate) fn alternating_pairs(
        clients: &[&str],
        rounds: usize,
        mut measure: impl FnMut(&str) -> Result<[f64; 2]>,
    ) -> Result<[Vec<Self>; 2]> {
        let mut seconds = Vec::new();
        let first = Self::alternating(clients, rounds, |client| {
            let [first, second] = measure(client)?;
            seconds.push(second);
            Ok(first)
        })?;
        let of_client = |client| seconds.iter().skip(client).step_by(clients.len()).copied().collect();
        let second = (0..clients.len()).map(|client| Self::of(of_client(client))).collect();
        Ok([first, second])
    }

    /// Returns the median.
    pub(crate) fn median(&self) -> f64 {
        let (before, after) = (self.0[(self.0.len() - 1) / 2], self.0[self.0.len() / 2]);
        f64::midpoint(before, after)
    }

    /// Returns `true` if the spread is at most 15 % of the median.
    pub(crate) fn is_steady(&self) -> bool {
        self.spread() <= STEADY * self.median().abs()
    }

    /// Returns the larger of two distances: from the median to the first quartile, and from the median to the
    /// third quartile.
    pub(crate) fn spread(&self) -> f64 {
        let (last, median) = (self.0.len() - 1, self.median());
        let (low, high) = (self.0[last / 4], self.0[last - last / 4]);
        (high - median).max(median - low)
    }
}

#[cfg(test)]
mod tests {
    use super::Samples;

    #[test]
    fn alternates_clients_and_ignores_outliers() {
        let mut order = String::new();
        let mut values = [5.0, 1.0, 3.0, 2.0, 100.0, 3.0].into_iter();
        let samples = Samples::alternating(&["a", "b"], 3, |client| {
            order.push_str(client);
            Ok(values.next().unwrap())
        })
        .unwrap();
        assert_eq!(order, "ababab");
        assert_eq!(samples.iter().map(Samples::median).collect::<Vec<_>>(), [5.0, 2.0]);
        let mut pairs = [[5.0, 50.0], [1.0, 10.0], [7.0, 70.0], [3.0, 30.0]].into_iter();
        let pairs = Samples::alternating_pairs(&["a", "b"], 2, |_| Ok(pairs.next().unwrap())).unwrap();
        let medians = pairs.map(|samples| samples.iter().map(Samples::median).collect::<Vec<_>>());
        assert_eq!(medians, [[6.0, 2.0], [60.0, 20.0]]);
        assert_eq!(Samples(vec![1.0, 3.0]).median(), 2.0);
        assert_eq!(Samples(vec![1.0, 9.0, 10.0, 12.0, 99.0]).spread(), 2.0);
        assert_eq!(Samples::one(7.0).spread(), 0.0);
    }
}
