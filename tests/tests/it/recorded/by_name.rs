//! Makes calls that select an operation by its name. The calls send the recorded inputs as JSON, and read the
//! recorded responses as JSON.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use invoke_model_client::{
    BoxFuture, Client, Config, Credentials, Error, JsonEventStreamOutput, RequestBody, ResponseBody,
    RetryConfig, Transport, TransportError,
};
use invoke_model_protocol::event_stream::{HeaderValue, Message};
use invoke_model_protocol::{Request, Response};
use serde_json::{Value, json};

use super::exchange::{Exchange, exchanges};
use super::{Check, covers, decode, same};

#[tokio::test]
async fn calls_by_name_send_and_return_the_recorded_values() {
    let Some(exchanges) = exchanges() else { return };
    let mut check = Check::new();
    let mut number = 0;
    for (operation, exchanges) in exchanges {
        for exchange in exchanges {
            let result = check.by_name(&operation, &exchange).await;
            check.record(&operation, &exchange, result);
            number += 1;
        }
    }
    check.finish();
    assert!(number >= 248, "the suite has only {number} exchanges");
}

impl Check {
    /// Sends the recorded input. Compares the request with the recorded request, and the output or the error
    /// with the recorded response.
    async fn by_name(&mut self, operation: &str, exchange: &Exchange) -> Result<(), String> {
        let (request, response) = (exchange.request(), exchange.response());
        let transport = Replay { response: response.clone(), request: Arc::default() };
        let config = Config::builder()
            .region("us-east-1")
            .endpoint_url("http://localhost")
            .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None))
            .transport(transport.clone())
            .retry_config(RetryConfig::disabled());
        let client = Client::new(config).map_err(|error| error.to_string())?;
        let call = client.operation(operation).map_err(|error| error.to_string())?;
        let has_event_stream = call.has_event_stream();
        let call = call.json(self.json_input(operation, &request));
        let result = if has_event_stream {
            self.stream(operation, call.send_stream().await, &response).await
        } else {
            call.send().await.map(|output| self.json_output(operation, &output, &response))
        };
        let sent = transport.request.lock().unwrap().take();
        self.same_request(operation, &sent.ok_or("the client sent no request")?, &request)?;
        match result {
            Ok(compared) => compared,
            Err(error) if response.status().is_success() => Err(error.to_string()),
            Err(error) => {
                let body: Value = serde_json::from_slice(response.body()).unwrap();
                same("message", &error.message(), &body["message"].as_str())?;
                same("status", &error.status(), &Some(response.status()))
            }
        }
    }

    /// Returns the input of a recorded request: the members of its body, and the members in its path, query
    /// and headers.
    fn json_input(&mut self, operation: &str, request: &Request) -> Value {
        let known = self.model.input(operation, request);
        let Value::Object(mut input) = self.known(known) else { panic!("the input is not an object") };
        // The body of `InvokeModel` is one member of the input.
        if !input.contains_key("body") {
            if let Ok(Value::Object(body)) = serde_json::from_slice(request.body()) {
                input.extend(body);
            }
        }
        Value::Object(input)
    }

    fn json_output(&mut self, operation: &str, output: &Value, response: &Response) -> Result<(), String> {
        let known = self.model.output(operation, response);
        covers("", &self.known(known), output)
    }

    /// Reads all events, and compares them with the recorded frames.
    async fn stream(
        &mut self,
        operation: &str,
        result: Result<JsonEventStreamOutput, Error>,
        response: &Response,
    ) -> Result<Result<(), String>, Error> {
        let mut found = result?;
        let mut events = Vec::new();
        while let Some(event) = found.events.recv().await? {
            events.push(event);
        }
        let mut compare = || {
            self.json_output(operation, &found.output, response)?;
            same("end of the stream", &found.events.is_complete(), &true)?;
            let messages = decode(response.body(), response.body().len())?;
            same("number of events", &events.len(), &messages.len())?;
            messages
                .iter()
                .zip(&events)
                .try_for_each(|(message, event)| self.json_event(operation, message, event))
        };
        Ok(compare())
    }

    fn json_event(&mut self, operation: &str, message: &Message, event: &Value) -> Result<(), String> {
        let Some(HeaderValue::String(name)) = message.header(":event-type") else {
            return Err("the message is not an event".to_owned());
        };
        let expected = match self.model.event(operation, name, message.payload()) {
            Some(known) => self.known(known),
            None => serde_json::from_slice(message.payload()).map_err(|error| error.to_string())?,
        };
        covers("", &json!({ name: expected }), event)
    }
}

/// A transport that returns the recorded response, and keeps the request.
#[derive(Clone, Debug)]
struct Replay {
    response: Response,
    request: Arc<Mutex<Option<Request>>>,
}

impl Transport for Replay {
    fn send(
        &self,
        request: http::Request<RequestBody>,
    ) -> BoxFuture<Result<http::Response<ResponseBody>, TransportError>> {
        let Self { response, request: kept } = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body: Bytes = ResponseBody::from_body(body).collect().await?;
            *kept.lock().unwrap() = Some(Request::from_parts(head, body));
            Ok(response.map(ResponseBody::from))
        })
    }
}
