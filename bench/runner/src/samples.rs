//! Repeated measurements of one value.

use crate::Result;

/// At least one value, sorted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// Returns a sample of one value.
    pub(crate) fn one(value: f64) -> Self {
        Self(vec![value])
    }

    /// Measures the clients in turn, round after round, so that other load of the machine affects all equally.
    pub(crate) fn alternating(
        clients: &[&str],
        rounds: usize,
        mut take: impl FnMut(&str) -> Result<f64>,
    ) -> Result<Vec<Self>> {
        let mut all = vec![Vec::new(); clients.len()];
        for _ in 0..rounds.max(1) {
            for (client, values) in clients.iter().zip(&mut all) {
                values.push(take(client)?);
            }
        }
        let sorted = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            Self(values)
        };
        Ok(all.into_iter().map(sorted).collect())
    }

    /// Returns the median.
    pub(crate) fn median(&self) -> f64 {
        let (before, after) = (self.0[(self.0.len() - 1) / 2], self.0[self.0.len() / 2]);
        f64::midpoint(before, after)
    }

    /// Returns the largest distance of the middle half of the values from the median.
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
        assert_eq!(Samples(vec![1.0, 3.0]).median(), 2.0);
        assert_eq!(Samples(vec![1.0, 9.0, 10.0, 12.0, 99.0]).spread(), 2.0);
        assert_eq!(Samples::one(7.0).spread(), 0.0);
    }
}
