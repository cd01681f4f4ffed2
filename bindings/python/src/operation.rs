//! The operations of the model, through visitors. This module contains no code for a single operation.

use std::sync::Arc;

use http::header::USER_AGENT;
use invoke_model_client::{Call, Client, Error, Metadata, OperationVisitor, RetryConfig};
use invoke_model_protocol::{
    InputEventStream, Operation, OperationError, OutputEventStream, Pagination, PayloadOutput, delivery,
};
use pyo3::exceptions::PyNotImplementedError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::body::{Body, Origin};
use crate::convert::{Input, from_python, members};
use crate::errors;
use crate::events::Events;
use crate::reply;
use crate::runtime::{Job, Outcome, outcome};

/// The client of a process, and the Python classes of its outputs.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) client: Client,
    pub(crate) endpoint_url: String,
    pub(crate) proxy_url: Option<String>,
    pub(crate) retry_config: RetryConfig,
    pub(crate) user_agent: Option<String>,
    pub(crate) classes: Arc<Classes>,
}

/// The Python classes that wrap streaming bodies and event streams.
#[derive(Debug)]
pub(crate) struct Classes {
    pub(crate) body: Py<PyAny>,
    pub(crate) events: Py<PyAny>,
}

impl Site {
    fn failed(self: Arc<Self>, error: impl Into<Error>) -> Outcome {
        let error = error.into();
        outcome(move |py| Err(self.exception(py, &error)))
    }

    /// Returns the exception of a failed call.
    pub(crate) fn exception(&self, py: Python<'_>, error: &Error) -> PyErr {
        errors::of_call(py, error, self)
    }
}

/// The visitor that converts the arguments of a call, and returns the job that sends it.
pub(crate) struct Prepare<'a, 'py> {
    pub(crate) site: Arc<Site>,
    pub(crate) arguments: &'a Bound<'py, PyDict>,
}

/// Converts the arguments of a call into the input of the operation.
pub(crate) fn input<O: Operation>(arguments: &Bound<'_, PyDict>) -> PyResult<O::Input>
where
    O::Input: DeserializeOwned,
{
    let Input { mut value, payload } = from_python::<O::Input>(arguments, O::INPUT_PAYLOAD)?;
    if let Some(payload) = payload {
        O::set_input_payload(&mut value, payload);
    }
    Ok(value)
}

impl Prepare<'_, '_> {
    fn call<O: Operation>(self) -> PyResult<(Arc<Site>, Call<O>)>
    where
        O::Input: DeserializeOwned,
    {
        let call = self.site.client.call::<O>(input::<O>(self.arguments)?);
        let mut call = call.retry_config(self.site.retry_config);
        if let Some(user_agent) = &self.site.user_agent {
            call = call.header(USER_AGENT.as_str(), user_agent);
        }
        Ok((self.site, call))
    }
}

impl OperationVisitor for Prepare<'_, '_> {
    type Output = PyResult<Job>;

    fn visit_output<O>(self) -> PyResult<Job>
    where
        O: Operation<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned,
        O::Output: Serialize,
    {
        let (site, call) = self.call::<O>()?;
        Ok(Box::pin(async move {
            match call.send_with_metadata().await {
                Ok((output, metadata)) => {
                    outcome(move |py| Ok(reply::dict(py, &output, &metadata)?.into_any().unbind()))
                }
                Err(error) => site.failed(error),
            }
        }))
    }

    fn visit_payload<O>(self) -> PyResult<Job>
    where
        O: PayloadOutput<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned,
        O::Output: Serialize,
    {
        let (site, call) = self.call::<O>()?;
        Ok(Box::pin(async move {
            match call.send_streaming_with_metadata().await {
                Ok((response, metadata)) => outcome(move |py| {
                    let dict = reply::dict(py, &response.output, &metadata)?;
                    let (endpoint_url, Metadata { request_id, attempts, .. }) =
                        (site.endpoint_url.clone(), metadata);
                    let body = Body::new(response.body, Origin { endpoint_url, request_id, attempts });
                    // The payload is the last member, as in botocore.
                    if dict.contains(O::MEMBER)? {
                        dict.del_item(O::MEMBER)?;
                    }
                    dict.set_item(O::MEMBER, site.classes.body.call1(py, (body,))?)?;
                    Ok(dict.into_any().unbind())
                }),
                Err(error) => site.failed(error),
            }
        }))
    }

    fn visit_event_stream<O>(self) -> PyResult<Job>
    where
        O: OutputEventStream<Delivery = delivery::Streaming>,
        O::Input: DeserializeOwned,
        O::Output: Serialize + Send,
        O::Events: Serialize,
    {
        let (site, call) = self.call::<O>()?;
        Ok(Box::pin(async move {
            match call.send_with_metadata().await {
                Ok((response, metadata)) => outcome(move |py| {
                    let dict = reply::dict(py, &response.output, &metadata)?;
                    let head = dict.copy()?;
                    let events = Events::new(response.events, site.clone());
                    dict.set_item(O::MEMBER, site.classes.events.call1(py, (events, head))?)?;
                    Ok(dict.into_any().unbind())
                }),
                Err(error) => site.failed(error),
            }
        }))
    }

    fn visit_bidirectional<O>(self) -> PyResult<Job>
    where
        O: InputEventStream + OutputEventStream<Delivery = delivery::Bidirectional>,
        O::Input: DeserializeOwned,
        O::Output: Serialize + Send,
        <O as InputEventStream>::Events: DeserializeOwned + Send,
        <O as OutputEventStream>::Events: Serialize,
    {
        Err(PyNotImplementedError::new_err(format!("{}: the Python package does not send events", O::NAME)))
    }
}

/// Facts about an operation, for the Python classes.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) has_input_events: bool,
    pub(crate) pagination: Option<Pagination>,
    pub(crate) codes: &'static [&'static str],
    /// The members of the input, and the members that are required.
    pub(crate) members: (&'static [&'static str], Vec<&'static str>),
}

/// The visitor that returns the facts about an operation.
pub(crate) struct Describe<'py>(pub(crate) Python<'py>);

fn facts<O: Operation>(py: Python<'_>) -> Facts
where
    O::Input: DeserializeOwned,
{
    let members = members::<O::Input>(py);
    Facts {
        has_input_events: O::HAS_INPUT_EVENTS,
        pagination: O::PAGINATION,
        codes: O::Error::CODES,
        members,
    }
}

impl OperationVisitor for Describe<'_> {
    type Output = Facts;

    fn visit_output<O>(self) -> Facts
    where
        O: Operation<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned,
        O::Output: Serialize,
    {
        facts::<O>(self.0)
    }

    fn visit_event_stream<O>(self) -> Facts
    where
        O: OutputEventStream<Delivery = delivery::Streaming>,
        O::Input: DeserializeOwned,
        O::Output: Serialize + Send,
        O::Events: Serialize,
    {
        facts::<O>(self.0)
    }

    fn visit_bidirectional<O>(self) -> Facts
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
