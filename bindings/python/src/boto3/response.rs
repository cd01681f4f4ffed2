//! Outputs of calls.

use http::Response;
use invoke_model_client::{Bytes, OperationVisitor};
use invoke_model_protocol::{InputEventStream, Operation, OutputEventStream, delivery};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::convert::to_python;
use crate::reply::response_head;

/// The number of digits from which an integer can have more than 64 bits.
const DIGITS_OF_64_BITS: usize = 19;

/// The visitor that parses a successful response. Returns `None` for a response that botocore must parse: an invalid
/// response, for which botocore raises its own exception, and one with an integer that may have more than 64 bits.
pub(super) struct Parse<'a, 'py> {
    pub(super) py: Python<'py>,
    pub(super) response: &'a Response<Bytes>,
    pub(super) headers: &'a Bound<'py, PyDict>,
}

impl<'py> Parse<'_, 'py> {
    fn parse<O: Operation>(self) -> PyResult<Option<Bound<'py, PyDict>>>
    where
        O::Output: Serialize,
    {
        let mut digits = self.response.body().split(|byte| !byte.is_ascii_digit());
        if digits.any(|digits| digits.len() >= DIGITS_OF_64_BITS) {
            return Ok(None);
        }
        let Ok(output) = O::parse(self.response) else { return Ok(None) };
        let dict = PyDict::new(self.py);
        dict.set_item(pyo3::intern!(self.py, "ResponseMetadata"), self.metadata()?)?;
        dict.update(to_python(self.py, &output)?.cast_into::<PyDict>()?.as_mapping())?;
        Ok(Some(dict))
    }

    fn metadata(&self) -> PyResult<Bound<'py, PyDict>> {
        let id = self.headers.get_item(pyo3::intern!(self.py, "x-amzn-requestid"))?;
        let id = id.as_ref().map(|id| id.extract()).transpose()?;
        response_head(self.py, id, self.response.status(), Some(self.headers))
    }
}

impl<'py> OperationVisitor for Parse<'_, 'py> {
    type Output = PyResult<Option<Bound<'py, PyDict>>>;

    fn visit_output<O>(self) -> Self::Output
    where
        O: Operation<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned,
        O::Output: Serialize,
    {
        self.parse::<O>()
    }

    fn visit_event_stream<O>(self) -> Self::Output
    where
        O: OutputEventStream<Delivery = delivery::Streaming>,
        O::Input: DeserializeOwned,
        O::Output: Serialize + Send,
        O::Events: Serialize,
    {
        self.parse::<O>()
    }

    fn visit_bidirectional<O>(self) -> Self::Output
    where
        O: InputEventStream + OutputEventStream<Delivery = delivery::Bidirectional>,
        O::Input: DeserializeOwned,
        O::Output: Serialize + Send,
        <O as InputEventStream>::Events: DeserializeOwned + Send,
        <O as OutputEventStream>::Events: Serialize,
    {
        Ok(None)
    }
}
