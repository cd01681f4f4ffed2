//! Asynchronous invocations, which this crate calls jobs. The endpoint keeps jobs in memory, and writes no
//! results to Amazon S3.
//!
//! No task runs for a job. The endpoint computes the status from the times of the job and the clock.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use invoke_model_protocol::Timestamp;
use invoke_model_types::{AsyncInvokeOutputDataConfig, AsyncInvokeStatus, ConflictException};

/// The maximum number of jobs. If there are more jobs, the endpoint drops the oldest job. The number is
/// bounded, because an endpoint may run for days.
const MAX_JOBS: usize = 10_000;

/// The default duration of a job.
pub(crate) const DEFAULT_DURATION: Duration = Duration::from_secs(1);

/// The jobs of an endpoint, in the order in which they were submitted.
#[derive(Debug)]
pub(crate) struct AsyncJobs {
    /// The time from the submission to the end of a job.
    duration: Duration,
    jobs: Mutex<Jobs>,
}

#[derive(Debug, Default)]
struct Jobs {
    jobs: VecDeque<AsyncJob>,
    /// The number of jobs so far.
    count: u64,
}

/// A job.
#[derive(Clone, Debug)]
pub(crate) struct AsyncJob {
    /// The position of the job among all jobs of the endpoint. The first job has the number 1.
    pub(crate) number: u64,
    pub(crate) region: String,
    pub(crate) arn: String,
    pub(crate) model_arn: String,
    pub(crate) token: Option<String>,
    pub(crate) output: AsyncInvokeOutputDataConfig,
    submitted: SystemTime,
    ended: SystemTime,
    failure: Option<String>,
    /// A digest of the request without its token.
    digest: [u8; 32],
}

/// The values of a job to submit.
#[derive(Clone, Debug)]
pub(crate) struct NewJob {
    pub(crate) region: String,
    /// The ARN of the job, up to its id.
    pub(crate) arn_prefix: String,
    pub(crate) model_arn: String,
    pub(crate) token: Option<String>,
    pub(crate) output: AsyncInvokeOutputDataConfig,
    /// The failure message, or `None` if the job will succeed.
    pub(crate) failure: Option<String>,
    pub(crate) digest: [u8; 32],
}

impl AsyncJobs {
    pub(crate) fn new(duration: Duration) -> Self {
        Self { duration, jobs: Mutex::default() }
    }

    /// Submits a job, and returns its ARN. If an earlier job has the same token, returns the ARN of the
    /// earlier job.
    ///
    /// # Errors
    /// Returns an error if the request of the earlier job was different.
    pub(crate) fn submit(&self, new: NewJob, now: SystemTime) -> Result<String, ConflictException> {
        let mut all = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same =
            |job: &&AsyncJob| job.token.is_some() && job.token == new.token && job.region == new.region;
        if let Some(job) = all.jobs.iter().find(is_same) {
            if job.digest == new.digest {
                return Ok(job.arn.clone());
            }
            let mut conflict = ConflictException::default();
            conflict.message = Some(format!(
                "The clientRequestToken belongs to a different request, which started {}. Use a new token for each \
                 request.",
                job.arn
            ));
            return Err(conflict);
        }
        let NewJob { region, arn_prefix, model_arn, token, output, failure, digest } = new;
        all.count += 1;
        let number = all.count;
        // Use the number of the job as its id, so that the ids are the same in every run. The ids of the
        // service are random, but have the same length.
        let arn = format!("{arn_prefix}{number:012x}");
        let ended = now.checked_add(self.duration).unwrap_or(now);
        if all.jobs.len() == MAX_JOBS {
            all.jobs.pop_front();
        }
        let job = AsyncJob {
            number,
            region,
            arn: arn.clone(),
            model_arn,
            token,
            output,
            submitted: now,
            ended,
            failure,
            digest,
        };
        all.jobs.push_back(job);
        Ok(arn)
    }

    /// Returns the job with this ARN.
    pub(crate) fn get(&self, arn: &str) -> Option<AsyncJob> {
        let all = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        all.jobs.iter().find(|job| job.arn == arn).cloned()
    }

    /// Returns the jobs that satisfy a condition, in the order in which they were submitted.
    pub(crate) fn select(&self, condition: impl Fn(&AsyncJob) -> bool) -> Vec<AsyncJob> {
        let all = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        all.jobs.iter().filter(|job| condition(job)).cloned().collect()
    }
}

impl AsyncJob {
    pub(crate) fn status(&self, now: SystemTime) -> AsyncInvokeStatus {
        match &self.failure {
            _ if now < self.ended => AsyncInvokeStatus::IN_PROGRESS,
            None => AsyncInvokeStatus::COMPLETED,
            Some(_) => AsyncInvokeStatus::FAILED,
        }
    }

    /// Returns the failure message, or `None` if the job has not failed.
    pub(crate) fn failure(&self, now: SystemTime) -> Option<String> {
        self.failure.clone().filter(|_| now >= self.ended)
    }

    pub(crate) fn submitted(&self) -> Timestamp {
        timestamp(self.submitted)
    }

    /// Returns the end time, or `None` if the job has not ended.
    pub(crate) fn ended(&self, now: SystemTime) -> Option<Timestamp> {
        (now >= self.ended).then(|| timestamp(self.ended))
    }

    /// Returns the time of the last change of the status.
    pub(crate) fn last_modified(&self, now: SystemTime) -> Timestamp {
        self.ended(now).unwrap_or_else(|| self.submitted())
    }
}

/// Converts a time. Returns the epoch for years that the type cannot express.
fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or_default()
}
