//! The pages and records of the endpoint itself, under `/_local/`. These requests need no signature, are not
//! recorded, and are not affected by faults.

mod faults;
mod metrics;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, HeaderValue, LOCATION,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde::Serialize;
use serde_json::json;

use crate::call_totals::{CallGroup, GroupTotals};
use crate::state::EndpointState;

/// The maximum length of the body of a request, in bytes.
const MAX_LENGTH: usize = 1 << 20;

/// The page may load its own script and style, and request records from its endpoint. It may do nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Returns `true` if a path belongs to this module.
pub(crate) fn serves(path: &str) -> bool {
    path.strip_prefix("/_local").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns the response to a request.
pub(crate) fn respond(state: &EndpointState, request: &Parts, body: &[u8]) -> Response<Bytes> {
    if body.len() > MAX_LENGTH {
        let message = format!("the body is longer than {MAX_LENGTH} bytes; shorten it");
        return error_response(StatusCode::PAYLOAD_TOO_LARGE, &message);
    }
    route(state, request, body)
}

pub(crate) fn route(state: &EndpointState, request: &Parts, body: &[u8]) -> Response<Bytes> {
    if let Some(host) = foreign_host(state, request) {
        let message = format!(
            "the host `{host}` is neither an IP address nor localhost; use 127.0.0.1, [::1] or localhost, because a \
             web page of another server could use its own name to read this endpoint (DNS rebinding)"
        );
        return error_response(StatusCode::FORBIDDEN, &message);
    }
    let method = if request.method == Method::HEAD { &Method::GET } else { &request.method };
    let path = request.uri.path().strip_prefix("/_local").unwrap_or_default();
    let allowed: &'static str = match path {
        "/calls" => "GET, DELETE",
        "/faults" => "GET, PUT",
        "" | "/" | "/page.css" | "/page.js" | "/health" | "/stats" | "/metrics" => "GET",
        _ => {
            let message = format!(
                "/_local{path} does not exist; see /_local/ (the page), /_local/health, /_local/calls, \
                 /_local/stats, /_local/metrics and /_local/faults"
            );
            return error_response(StatusCode::NOT_FOUND, &message);
        }
    };
    match (method, path) {
        (&Method::GET, "") => redirect(),
        (&Method::GET, "/") => text("text/html; charset=utf-8", HTML),
        (&Method::GET, "/page.css") => text("text/css; charset=utf-8", STYLE),
        (&Method::GET, "/page.js") => text("text/javascript; charset=utf-8", SCRIPT),
        (&Method::GET, "/health") => {
            json_response(StatusCode::OK, &json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
        }
        (&Method::GET, "/calls") => calls(state, request.uri.query().unwrap_or_default()),
        (&Method::DELETE, "/calls") => {
            state.log.clear();
            state.connections.clear();
            with_status(Response::default(), StatusCode::NO_CONTENT)
        }
        (&Method::GET, "/stats") => stats(state),
        (&Method::GET, "/metrics") => text("text/plain; version=0.0.4; charset=utf-8", metrics::write(state)),
        (&Method::GET, "/faults") => faults::get(state),
        (&Method::PUT, "/faults") => faults::put(state, body),
        _ => {
            let message = format!("/_local{path} supports only {allowed}, not {}", request.method);
            let mut response = error_response(StatusCode::METHOD_NOT_ALLOWED, &message);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
            response
        }
    }
}

/// Returns the host of the request if it may be the name of a foreign server.
///
/// A page of a foreign server can resolve its own name to 127.0.0.1 (DNS rebinding), and then read the
/// records of the endpoint. A request of this page contains the name of the foreign server in the authority
/// of the target or in the `host` header. The authority takes precedence (RFC 9112 section 3.2.2). If the
/// endpoint does not listen on a loopback address, any name is allowed, because other machines can connect
/// anyway.
fn foreign_host<'a>(state: &EndpointState, request: &'a Parts) -> Option<&'a str> {
    let host = match request.uri.authority() {
        Some(authority) => authority.as_str(),
        None => request.headers.get(HOST)?.to_str().unwrap_or("?"),
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let is_local = name.starts_with('[')
        || name.parse::<std::net::IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost");
    (state.is_loopback && !is_local).then_some(host)
}

/// Returns the recorded calls, and the number of the last call. `after=N` selects the calls after the call
/// with number N, and `limit=N` selects the latest N calls.
fn calls(state: &EndpointState, query: &str) -> Response<Bytes> {
    let (mut after, mut limit) = (0, u64::MAX);
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let target = match name {
            "after" => &mut after,
            "limit" => &mut limit,
            _ => {
                let message = format!("unknown parameter `{name}`; use `after=N` or `limit=N`");
                return error_response(StatusCode::BAD_REQUEST, &message);
            }
        };
        match value.parse() {
            Ok(number) => *target = number,
            Err(_) => {
                let message = format!("`{name}` is {value:?}; set it to a number");
                return error_response(StatusCode::BAD_REQUEST, &message);
            }
        }
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    json_response(
        StatusCode::OK,
        &json!({"last": state.log.last(), "calls": state.log.calls_after(after, limit)}),
    )
}

fn stats(state: &EndpointState) -> Response<Bytes> {
    #[derive(Serialize)]
    struct Group {
        #[serde(flatten)]
        group: CallGroup,
        #[serde(flatten)]
        totals: GroupTotals,
    }

    let groups = state.log.totals().into_iter().map(|(group, totals)| Group { group, totals });
    let uptime = state.clock.now().duration_since(state.started).unwrap_or_default();
    let stats = json!({
        "uptime_seconds": uptime.as_secs(),
        "calls_in_progress": state.calls.count(),
        "streams_in_progress": state.streams.count(),
        "totals": state.connections.stats(),
        "calls": groups.collect::<Vec<_>>(),
    });
    json_response(StatusCode::OK, &stats)
}

fn redirect() -> Response<Bytes> {
    let mut response = with_status(Response::default(), StatusCode::PERMANENT_REDIRECT);
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/_local/"));
    response
}

fn text(content_type: &'static str, text: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(text.into());
    for (name, value) in [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("referrer-policy"), "no-referrer"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn json_response(status: StatusCode, value: &impl Serialize) -> Response<Bytes> {
    match serde_json::to_vec(value) {
        Ok(json) => with_status(text("application/json", json), status),
        Err(error) => with_status(text("text/plain", error.to_string()), StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn error_response(status: StatusCode, message: &str) -> Response<Bytes> {
    json_response(status, &json!({"message": message}))
}

fn with_status(mut response: Response<Bytes>, status: StatusCode) -> Response<Bytes> {
    *response.status_mut() = status;
    response
}
