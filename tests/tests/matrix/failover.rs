//! The rows with a failover: the first of two targets has a fault.

use std::time::Duration;

use http::StatusCode;
use invoke_model_client::types::{
    AccessDeniedException, InternalServerException, ModelNotReadyException, ModelTimeoutException,
    ServiceQuotaExceededException, ServiceUnavailableException, ThrottlingException, ValidationException,
};
use invoke_model_client::{
    Client, Config, Credentials, Error, Failover, FailoverTarget, FailureClass, TimeoutConfig,
};
use invoke_model_local::{
    ConnectionEnd, Fault, FaultPoint, FaultRule, LocalEndpoint, RetryAfter, StreamFault,
};

use super::observe::{BODY, MODEL, outcome};
use super::row::Operation;

/// A fault of the first target, a setting of the failover, and the expected result.
pub(crate) struct FailoverRow {
    pub(crate) operation: Operation,
    /// Description of the fault on the page.
    pub(crate) fault: &'static str,
    /// The faults of the first target.
    first: Vec<FaultRule>,
    /// The faults of the second target.
    second: Vec<FaultRule>,
    /// `true` if nothing listens at the endpoint of the first target.
    is_down: bool,
    pub(crate) setting: Setting,
    pub(crate) expected: Observed,
}

/// Settings of the failover and of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Setting {
    Default,
    OnAccessDenied,
    OnServerError,
    OnAmbiguous,
    /// All three options.
    OnAll,
    /// A first-byte timeout of one minute.
    FirstByte,
    /// A first-byte timeout of one minute, and `on_ambiguous`.
    FirstByteOnAmbiguous,
    /// An operation timeout of one minute, and `on_ambiguous`.
    OperationOnAmbiguous,
}

impl Setting {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::OnAccessDenied => "`on_access_denied`",
            Self::OnServerError => "`on_server_error`",
            Self::OnAmbiguous => "`on_ambiguous`",
            Self::OnAll => "`on_access_denied`, `on_server_error`, `on_ambiguous`",
            Self::FirstByte => "`first_byte` 60 s",
            Self::FirstByteOnAmbiguous => "`first_byte` 60 s, `on_ambiguous`",
            Self::OperationOnAmbiguous => "`operation` 60 s, `on_ambiguous`",
        }
    }

    pub(crate) fn is_on_ambiguous(self) -> bool {
        use Setting::{FirstByteOnAmbiguous, OnAll, OnAmbiguous, OperationOnAmbiguous};
        matches!(self, OnAmbiguous | OnAll | FirstByteOnAmbiguous | OperationOnAmbiguous)
    }

    fn timeout_config(self) -> TimeoutConfig {
        let (timeouts, minute) = (TimeoutConfig::default(), Duration::from_secs(60));
        match self {
            Self::FirstByte | Self::FirstByteOnAmbiguous => timeouts.first_byte(minute),
            Self::OperationOnAmbiguous => timeouts.operation(minute),
            _ => timeouts,
        }
    }
}

/// Result that the failover returned, and numbers that the endpoints counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Observed {
    /// `success`, the error code of the service, or the kind of the failure.
    pub(crate) outcome: String,
    pub(crate) class: Option<FailureClass>,
    /// Name of the target that answered, or whose error was returned.
    pub(crate) target: String,
    /// Numbers of requests that the first and the second target read completely.
    pub(crate) requests: (u64, u64),
    /// Number of requests that both targets executed.
    pub(crate) executed: u64,
}

/// Runs a row. Each row has separate endpoints and a separate runtime.
pub(crate) fn observe(row: &FailoverRow) -> Observed {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let first = LocalEndpoint::start().await.unwrap();
        let second = LocalEndpoint::start().await.unwrap();
        row.first.iter().for_each(|rule| first.inject(rule.clone()));
        row.second.iter().for_each(|rule| second.inject(rule.clone()));
        // Nothing listens on port 1 of loopback.
        let url = if row.is_down { "http://127.0.0.1:1".to_owned() } else { first.url() };
        let builder = Failover::builder()
            .target(FailoverTarget::new("first", client(&first, url)))
            .target(FailoverTarget::new("second", client(&second, second.url())));
        let all = row.setting == Setting::OnAll;
        let failover = builder
            .on_access_denied(all || row.setting == Setting::OnAccessDenied)
            .on_server_error(all || row.setting == Setting::OnServerError)
            .on_ambiguous(row.setting.is_on_ambiguous())
            .build()
            .unwrap();
        let (outcome, class, target) = match call(&failover, row).await {
            Ok(target) => ("success".to_owned(), None, target),
            Err((target, error)) => (outcome(&error), Some(error.class()), target),
        };
        let (first, second) = (first.stats(), second.stats());
        let executed = first.worked_on + second.worked_on;
        Observed { outcome, class, target, requests: (first.requests, second.requests), executed }
    })
}

fn client(local: &LocalEndpoint, url: String) -> Client {
    let credentials = Credentials::new(local.access_key_id(), local.secret_access_key(), None);
    let config = Config::builder().region(local.region()).endpoint_url(url);
    Client::new(config.credentials_provider(credentials)).unwrap()
}

/// Returns the name of the target that answered, or whose error was returned.
async fn call(failover: &Failover, row: &FailoverRow) -> Result<String, (String, Error)> {
    let name = |error: Error| (error.target().unwrap().to_owned(), error);
    let (client, timeouts) = (failover.client(), row.setting.timeout_config());
    if row.operation == Operation::InvokeModel {
        let call = client.invoke_model().model_id(MODEL).body(BODY).timeout_config(timeouts);
        return failover.send(call).await.map(|answer| answer.target).map_err(name);
    }
    let call = client.invoke_model_with_response_stream().model_id(MODEL).body(BODY).timeout_config(timeouts);
    let answer = failover.send(call).await.map_err(name)?;
    let mut events = answer.output.events;
    loop {
        match events.recv().await {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(answer.target),
            Err(error) => return Err((answer.target, error.into())),
        }
    }
}

/// Returns all rows, in the order of the page.
pub(crate) fn rows() -> Vec<FailoverRow> {
    let mut rows = moving_rows();
    rows.extend(staying_rows());
    rows.extend(ambiguous_rows());
    rows.extend(stream_rows());
    rows
}

/// Returns rows in which the first target has not worked on the call.
fn moving_rows() -> Vec<FailoverRow> {
    use Setting::Default;
    let throttled = || Fault::error(ThrottlingException::default());
    let hour = throttled().retry_after(RetryAfter::Seconds(3600));
    vec![
        row("429 ThrottlingException", throttled()).succeeds(Default, "second", (1, 1), 1),
        row("429 with Retry-After of an hour", hour).succeeds(Default, "second", (1, 1), 1),
        row("429 ModelNotReadyException", Fault::error(ModelNotReadyException::default())).succeeds(
            Default,
            "second",
            (1, 1),
            1,
        ),
        row("503 ServiceUnavailableException", Fault::error(ServiceUnavailableException::default()))
            .succeeds(Default, "second", (1, 1), 1),
        row("400 ServiceQuotaExceededException", Fault::error(ServiceQuotaExceededException::default()))
            .succeeds(Default, "second", (1, 1), 1),
        FailoverRow { is_down: true, first: Vec::new(), ..row("no connection", Fault::new()) }.succeeds(
            Default,
            "second",
            (0, 1),
            1,
        ),
        FailoverRow {
            second: vec![throttled().into()],
            ..row("429 ThrottlingException of both targets", throttled())
        }
        .fails(Default, "ThrottlingException", FailureClass::Rejected, "second", (1, 3), 0),
    ]
}

/// Returns rows in which the request is wrong, or the service has failed.
fn staying_rows() -> Vec<FailoverRow> {
    use FailureClass::{Rejected, ServerError};
    use Setting::{Default, OnAccessDenied, OnAll, OnServerError};
    let invalid = || row("400 ValidationException", Fault::error(ValidationException::default()));
    let denied = || row("403 AccessDeniedException", Fault::error(AccessDeniedException::default()));
    let internal = || row("500 InternalServerException", Fault::error(InternalServerException::default()));
    vec![
        invalid().fails(Default, "ValidationException", Rejected, "first", (1, 0), 0),
        invalid().fails(OnAll, "ValidationException", Rejected, "first", (1, 0), 0),
        denied().fails(Default, "AccessDeniedException", Rejected, "first", (1, 0), 0),
        denied().succeeds(OnAccessDenied, "second", (1, 1), 1),
        internal().fails(Default, "InternalServerException", ServerError, "first", (3, 0), 0),
        internal().succeeds(OnServerError, "second", (1, 1), 1),
    ]
}

/// Returns rows in which the first target may have worked on the call.
fn ambiguous_rows() -> Vec<FailoverRow> {
    use FailureClass::Ambiguous;
    use Setting::{Default, FirstByte, FirstByteOnAmbiguous, OnAmbiguous, OperationOnAmbiguous};
    let reset = || {
        let fault = Fault::new().break_at(FaultPoint::ResponseBytes(0), ConnectionEnd::Reset);
        row("connection reset after execution, before the response", fault)
    };
    let truncated = || {
        let fault = Fault::new().break_at(FaultPoint::BodyBytes(10), ConnectionEnd::Close);
        row("connection closed after 10 bytes of the body", fault)
    };
    let gateway = || {
        let fault = Fault::status(StatusCode::SERVICE_UNAVAILABLE).body("<html>busy</html>").worked_on(true);
        row("503 with an HTML page from a gateway that forwarded the request", fault)
    };
    let model = || row("408 ModelTimeoutException", Fault::error(ModelTimeoutException::default()));
    let stalled = || {
        let fault = Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Stall);
        row("stall after the request", fault)
    };
    vec![
        reset().fails(Default, "Send", Ambiguous, "first", (1, 0), 1),
        reset().succeeds(OnAmbiguous, "second", (1, 1), 2),
        truncated().fails(Default, "BodyIncomplete", Ambiguous, "first", (1, 0), 1),
        truncated().succeeds(OnAmbiguous, "second", (1, 1), 2),
        gateway().fails(Default, "HTTP 503", Ambiguous, "first", (1, 0), 1),
        gateway().succeeds(OnAmbiguous, "second", (1, 1), 2),
        model().fails(Default, "ModelTimeoutException", Ambiguous, "first", (1, 0), 1),
        model().succeeds(OnAmbiguous, "second", (1, 1), 2),
        stalled().fails(FirstByte, "Timeout(FirstByte)", Ambiguous, "first", (1, 0), 0),
        stalled().succeeds(FirstByteOnAmbiguous, "second", (1, 1), 1),
        stalled().fails(OperationOnAmbiguous, "Timeout(Operation)", Ambiguous, "first", (1, 0), 0),
    ]
}

/// Returns rows with event streams.
fn stream_rows() -> Vec<FailoverRow> {
    use FailureClass::Ambiguous;
    use Setting::{Default, OnAmbiguous};
    let stream = |fault, first: Fault| FailoverRow {
        operation: Operation::InvokeModelWithResponseStream,
        ..row(fault, first)
    };
    let throttled = || stream("429 instead of a stream", Fault::error(ThrottlingException::default()));
    let first = || {
        let fault = StreamFault::Error(ThrottlingException::default().into());
        stream("throttlingException as the first event", Fault::new().break_stream(0, fault))
    };
    let third = || {
        let fault = StreamFault::Error(InternalServerException::default().into());
        stream("internalServerException after two events", Fault::new().break_stream(2, fault))
    };
    let lost = || {
        let fault = Fault::new().break_at(FaultPoint::BodyBytes(20), ConnectionEnd::Reset);
        stream("connection reset within the first event", fault)
    };
    vec![
        throttled().succeeds(Default, "second", (1, 1), 1),
        first().fails(Default, "ThrottlingException", Ambiguous, "first", (1, 0), 1),
        first().succeeds(OnAmbiguous, "second", (1, 1), 2),
        lost().fails(Default, "Truncated", Ambiguous, "first", (1, 0), 1),
        lost().succeeds(OnAmbiguous, "second", (1, 1), 2),
        third().fails(Default, "InternalServerException", Ambiguous, "first", (1, 0), 1),
        third().fails(OnAmbiguous, "InternalServerException", Ambiguous, "first", (1, 0), 1),
    ]
}

/// Returns a row of `InvokeModel` without an expected result.
fn row(fault: &'static str, first: Fault) -> FailoverRow {
    FailoverRow {
        operation: Operation::InvokeModel,
        fault,
        first: vec![first.into()],
        second: Vec::new(),
        is_down: false,
        setting: Setting::Default,
        expected: Observed {
            outcome: "success".to_owned(),
            class: None,
            target: "first".to_owned(),
            requests: (1, 0),
            executed: 1,
        },
    }
}

impl FailoverRow {
    fn succeeds(self, setting: Setting, target: &str, requests: (u64, u64), executed: u64) -> Self {
        let expected = Observed { target: target.to_owned(), requests, executed, ..self.expected };
        Self { setting, expected, ..self }
    }

    fn fails(
        self,
        setting: Setting,
        outcome: &str,
        class: FailureClass,
        target: &str,
        requests: (u64, u64),
        executed: u64,
    ) -> Self {
        let row = self.succeeds(setting, target, requests, executed);
        let expected = Observed { outcome: outcome.to_owned(), class: Some(class), ..row.expected };
        Self { expected, ..row }
    }
}
