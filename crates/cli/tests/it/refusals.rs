//! Errors of gateways: their words, and the exit codes.

use super::scripted_server::{ScriptedServer, response};
use super::{ENVIRONMENT, TITAN, check_failure, run};

fn check(head: &str, body: &str, code: i32, words: &str) {
    let server = ScriptedServer::start(vec![response(head, body.as_bytes())]);
    let arguments = ["invoke", "-m", TITAN, "--body", "{}", "--endpoint-url", &server.url];
    check_failure(&run(&arguments, None, &ENVIRONMENT), code, words);
    server.requests();
}

#[test]
fn redirects_are_rejections_that_tell_their_target() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let head = format!("{status}\r\nlocation: https://other.example/model/x");
        check(&head, "", 4, "the server redirects to https://other.example/model/x");
    }
}

#[test]
fn the_words_of_gateways_are_printed() {
    check("403 Forbidden", r#"{"error":{"message":"no plan"}}"#, 4, "no plan");
    check("502 Bad Gateway", "<html><title>502</title>upstream is down</html>", 5, "upstream is down");
    check("400 Bad Request\r\ncontent-type: text/plain", "a header is missing", 4, "a header is missing");
    check("503 Busy", "\u{feff}{\"message\":\"try later\"}", 5, "try later");
    check(
        "403 Forbidden\r\ncontent-type: text/xml",
        "<AccessDeniedException><Message>unable to determine the service</Message></AccessDeniedException>",
        4,
        "AccessDeniedException: unable to determine the service",
    );
    check("429 Too Many\r\ncontent-encoding: br", "\u{1}", 4, "the content encoding `br`");
}
