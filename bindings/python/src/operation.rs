//! The operations of the model, through visitors. This module contains no code for a single operation.

use std::sync::Arc;

use http::header::USER_AGENT;
use invoke_model_client::{
    Body as CallBody, Call, Client, Error, Metadata, OperationVisitor, RetryConfig, visit_operation,
};
use invoke_model_protocol::{
    InputEventStream, Operation, OperationError, OutputEventStream, Pagination, PayloadOutput, delivery,
};
use pyo3::exceptions::{PyNotImplementedError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bidirectional::{BidirectionalReceiver, InputEvents};
use crate::blob::{Blobs, Payload};
use crate::body::{Body, Origin};
use crate::convert::{Input, from_python, member_name, members};
use crate::errors;
use crate::events::{Events, TypedReceiver};
use crate::failover::{CallOutput, ProcessTargets, Sending, send};
use crate::file::RegularFile;
use crate::hooks::{CallInterceptor, HookQueue};
use crate::options::CallOptions;
use crate::quota::Limiter;
use crate::reply;
use crate::runtime::{Job, Outcome, outcome};

/// The client of a process, and the Python classes of its outputs.
#[derive(Debug)]
pub(crate) struct ProcessClient {
    pub(crate) client: Client,
    pub(crate) endpoint_url: Arc<str>,
    pub(crate) proxy_url: Option<String>,
    pub(crate) retry_config: RetryConfig,
    pub(crate) user_agent: Option<String>,
    pub(crate) classes: Arc<Classes>,
    pub(crate) uses_http2: bool,
    /// The tags and the interceptors of the client.
    pub(crate) options: CallOptions,
    pub(crate) quotas: Option<Arc<Limiter>>,
    /// The targets of the calls. `None` if all calls go to this client.
    pub(crate) targets: Option<Box<ProcessTargets>>,
}

/// The settings of one call.
#[derive(Clone)]
pub(crate) struct CallSettings {
    /// `None` if the call has no options.
    pub(crate) options: Option<Arc<CallOptions>>,
    /// The hooks that wait for the caller. `None` if neither the clients nor the call have interceptors.
    pub(crate) hook_queue: Option<Arc<HookQueue>>,
}

/// The Python classes that wrap streaming bodies and event streams.
#[derive(Debug)]
pub(crate) struct Classes {
    pub(crate) body: Py<PyAny>,
    pub(crate) events: Py<PyAny>,
    /// The class of streams in both directions. `None` if the client is synchronous.
    pub(crate) bidirectional: Option<Py<PyAny>>,
}

impl ProcessClient {
    fn failed(self: Arc<Self>, error: impl Into<Error>) -> Outcome {
        let error = error.into();
        outcome(move |py| Err(self.exception(py, &error)))
    }

    /// Returns the exception of a failed call.
    pub(crate) fn exception(self: &Arc<Self>, py: Python<'_>, error: &Error) -> PyErr {
        errors::of_call(py, error, self)
    }

    /// Returns a client whose calls go to targets. `self` is the client of the first target.
    pub(crate) fn with_targets(&self, uses_http2: bool, targets: ProcessTargets) -> Self {
        Self {
            client: self.client.clone(),
            endpoint_url: self.endpoint_url.clone(),
            proxy_url: self.proxy_url.clone(),
            retry_config: self.retry_config,
            user_agent: self.user_agent.clone(),
            classes: self.classes.clone(),
            uses_http2,
            options: CallOptions::default(),
            quotas: None,
            targets: Some(Box::new(targets)),
        }
    }

    /// Creates a call with the settings of this client. `body` is the payload, if it is not part of the input.
    pub(crate) fn call<O: Operation>(
        &self,
        settings: &CallSettings,
        input: O::Input,
        body: Option<CallBody>,
    ) -> Call<O> {
        let mut call = self.client.call::<O>(input).retry_config(self.retry_config);
        if let Some(body) = body {
            call = call.input_payload(body);
        }
        if let Some(user_agent) = &self.user_agent {
            call = call.header(USER_AGENT.as_str(), user_agent);
        }
        if let Some(options) = &settings.options {
            call = options.tags.iter().fold(call, |call, (key, value)| call.tag(key, value));
        }
        let Some(hook_queue) = &settings.hook_queue else { return call };
        let of_call = settings.options.iter().flat_map(|options| &options.interceptors);
        self.options.interceptors.iter().chain(of_call).fold(call, |call, interceptor| {
            let (interceptor, hook_queue) = (interceptor.clone(), hook_queue.clone());
            call.interceptor(CallInterceptor { interceptor, hook_queue })
        })
    }
}

/// The visitor that converts the arguments of a call, and returns the job that sends it.
pub(crate) struct Prepare<'a, 'py> {
    pub(crate) process_client: Arc<ProcessClient>,
    pub(crate) settings: CallSettings,
    pub(crate) arguments: &'a Bound<'py, PyDict>,
}

/// Converts the arguments of a call into the input of the operation. Also returns the file that is its payload.
pub(crate) fn input<O: Operation>(
    arguments: &Bound<'_, PyDict>,
    blobs: Blobs,
) -> PyResult<(O::Input, Option<RegularFile>)>
where
    O::Input: DeserializeOwned,
{
    let Input { mut value, payload } = from_python::<O::Input>(arguments.as_any(), O::INPUT_PAYLOAD, blobs)?;
    let file = match payload {
        Some(Payload::Bytes(bytes)) => {
            O::set_input_payload(&mut value, bytes);
            None
        }
        Some(Payload::File(file)) => Some(file),
        None => None,
    };
    Ok((value, file))
}

impl Prepare<'_, '_> {
    fn call<O: Operation>(self) -> PyResult<(Arc<ProcessClient>, Sending<O>)>
    where
        O::Input: DeserializeOwned,
    {
        let (input, file) = input::<O>(self.arguments, Blobs::All)?;
        let call = Sending::new(&self.process_client, self.settings, input, file.map(RegularFile::into_body));
        Ok((self.process_client, call))
    }
}

impl OperationVisitor for Prepare<'_, '_> {
    type Output = PyResult<Job>;

    fn visit_output<O>(self) -> PyResult<Job>
    where
        O: Operation<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned + Clone,
        O::Output: Serialize,
    {
        let (process_client, call) = self.call::<O>()?;
        Ok(Box::pin(async move {
            match send!(call, process_client, send_with_metadata, send_with) {
                Ok(CallOutput { output, metadata, target, .. }) => outcome(move |py| {
                    Ok(reply::dict(py, &output, &metadata, target.as_ref())?.into_any().unbind())
                }),
                Err(error) => process_client.failed(error),
            }
        }))
    }

    fn visit_payload<O>(self) -> PyResult<Job>
    where
        O: PayloadOutput<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned + Clone,
        O::Output: Serialize,
    {
        let (process_client, call) = self.call::<O>()?;
        Ok(Box::pin(async move {
            match send!(call, process_client, send_streaming_with_metadata, send_streaming_with) {
                Ok(CallOutput { output: response, metadata, process_client, target }) => outcome(move |py| {
                    let dict = reply::dict(py, &response.output, &metadata, target.as_ref())?;
                    let (endpoint_url, Metadata { request_id, attempts, .. }) =
                        (process_client.endpoint_url.clone(), metadata);
                    let body = Body::new(response.body, Origin { endpoint_url, request_id, attempts });
                    let member = member_name(py, O::MEMBER);
                    // The payload is the last member, as in botocore.
                    if dict.contains(&member)? {
                        dict.del_item(&member)?;
                    }
                    dict.set_item(member, process_client.classes.body.call1(py, (body,))?)?;
                    Ok(dict.into_any().unbind())
                }),
                Err(error) => process_client.failed(error),
            }
        }))
    }

    fn visit_event_stream<O>(self) -> PyResult<Job>
    where
        O: OutputEventStream<Delivery = delivery::Streaming>,
        O::Input: DeserializeOwned + Clone,
        O::Output: Serialize + Send,
        O::Events: Serialize,
    {
        let (process_client, call) = self.call::<O>()?;
        Ok(Box::pin(async move {
            match send!(call, process_client, send_with_metadata, send_with) {
                Ok(CallOutput { output: response, metadata, process_client, target }) => outcome(move |py| {
                    let dict = reply::dict(py, &response.output, &metadata, target.as_ref())?;
                    let head = dict.copy()?;
                    let events = Events::new(TypedReceiver::new(response.events), process_client.clone());
                    dict.set_item(O::MEMBER, process_client.classes.events.call1(py, (events, head))?)?;
                    Ok(dict.into_any().unbind())
                }),
                Err(error) => process_client.failed(error),
            }
        }))
    }

    fn visit_bidirectional<O>(self) -> PyResult<Job>
    where
        O: InputEventStream + OutputEventStream<Delivery = delivery::Bidirectional>,
        O::Input: DeserializeOwned + Clone,
        O::Output: Serialize + Send,
        <O as InputEventStream>::Events: DeserializeOwned + Send,
        <O as OutputEventStream>::Events: Serialize,
    {
        // The runtime of synchronous calls stands still between two calls, so it would not send the events.
        if self.process_client.classes.bidirectional.is_none() {
            let text = format!("{}: only `AsyncClient` sends events", O::NAME);
            return Err(PyNotImplementedError::new_err(text));
        }
        if !self.process_client.uses_http2 {
            let text = format!("{} needs HTTP/2: create the client with http_version=\"2\"", O::NAME);
            return Err(PyValueError::new_err(text));
        }
        let (process_client, call) = self.call::<O>()?;
        Ok(Box::pin(async move {
            match send!(call, process_client, send_with_metadata, send_with) {
                Ok(CallOutput { output: stream, process_client, target, .. }) => outcome(move |py| {
                    let input = InputEvents::new(stream.sender, process_client.clone());
                    let events = BidirectionalReceiver::new(stream.response, target);
                    let events = Events::new(events, process_client.clone());
                    let class = process_client
                        .classes
                        .bidirectional
                        .as_ref()
                        .map(|class| class.call1(py, (input, events)));
                    class.unwrap_or_else(|| Ok(py.None()))
                }),
                Err(error) => process_client.failed(error),
            }
        }))
    }
}

/// Facts about an operation, for the Python classes.
#[pyclass(frozen, get_all, module = "invoke_model._native")]
#[derive(Debug)]
pub(crate) struct OperationFacts {
    name: &'static str,
    pages: Option<Pages>,
    /// The codes of the errors of the operation.
    error_codes: &'static [&'static str],
    /// The names of the members of the input.
    members: &'static [&'static str],
    required_members: Vec<&'static str>,
    /// `true` if the input is an event stream.
    has_input_events: bool,
}

/// The members of the pages of an operation that returns a list.
#[pyclass(frozen, get_all, module = "invoke_model._native")]
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    input_token: &'static str,
    output_token: &'static str,
    items: &'static str,
    page_size: Option<&'static str>,
}

/// Returns the operations of the model.
#[pyfunction]
pub(crate) fn operations(py: Python<'_>) -> Vec<OperationFacts> {
    Client::operation_names().iter().filter_map(|name| visit_operation(name, Describe(py))).collect()
}

/// The visitor that returns the facts about an operation.
struct Describe<'py>(Python<'py>);

fn facts<O: Operation>(py: Python<'_>) -> OperationFacts
where
    O::Input: DeserializeOwned,
{
    let pages = O::PAGINATION.map(|Pagination { input_token, output_token, items, page_size, .. }| Pages {
        input_token,
        output_token,
        items,
        page_size,
    });
    let (members, required_members) = members::<O::Input>(py);
    let (name, error_codes, has_input_events) = (O::NAME, O::Error::CODES, O::HAS_INPUT_EVENTS);
    OperationFacts { name, pages, error_codes, members, required_members, has_input_events }
}

impl OperationVisitor for Describe<'_> {
    type Output = OperationFacts;

    fn visit_output<O>(self) -> OperationFacts
    where
        O: Operation<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned,
        O::Output: Serialize,
    {
        facts::<O>(self.0)
    }

    fn visit_event_stream<O>(self) -> OperationFacts
    where
        O: OutputEventStream<Delivery = delivery::Streaming>,
        O::Input: DeserializeOwned,
        O::Output: Serialize + Send,
        O::Events: Serialize,
    {
        facts::<O>(self.0)
    }

    fn visit_bidirectional<O>(self) -> OperationFacts
    where
        O: InputEventStream + OutputEventStream<Delivery = delivery::Bidirectional>,
        O::Input: DeserializeOwned,
        O::Output: Serialize + Send,
        <O as InputEventStream>::Events: DeserializeOwned + Send,
        <O as OutputEventStream>::Events: Serialize,
    {
        facts::<O>(self.0)
    }
}
