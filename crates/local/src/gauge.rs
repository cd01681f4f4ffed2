//! Counts activities in progress.

use tokio::sync::watch;

/// The number of activities in progress, for example calls or streams.
#[derive(Debug, Default)]
pub(crate) struct Gauge(watch::Sender<usize>);

/// One activity in progress. The activity ends when this guard is dropped.
#[derive(Debug)]
pub(crate) struct GaugeGuard(watch::Sender<usize>);

impl Gauge {
    /// Starts an activity.
    pub(crate) fn enter(&self) -> GaugeGuard {
        self.0.send_modify(|count| *count += 1);
        GaugeGuard(self.0.clone())
    }

    /// Waits until no activity is in progress.
    pub(crate) async fn wait_until_idle(&self) {
        // The wait cannot fail, because the channel does not close while `self` contains a sender.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Returns the number of activities in progress.
    pub(crate) fn count(&self) -> usize {
        *self.0.borrow()
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
