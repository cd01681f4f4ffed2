//! Errors of machines whose clock is ahead of the expiry of new credentials.

use crate::fake::Fake;
use crate::home::Home;
use crate::responses::{FAR, container_response, sts_response};

const ROLE: &str = "arn:aws:iam::123456789012:role/reader";

/// Replaces the expiry with a time before the clock of the test.
fn expired(response: &str) -> String {
    response.replace(FAR, "2015-08-30T12:00:00Z")
}

#[tokio::test(start_paused = true)]
async fn an_expiry_in_the_past_names_the_clock_and_both_times() {
    let file = "AWS_WEB_IDENTITY_TOKEN_FILE";
    let web = Home::new().file("token", "the.web.token").set("AWS_ROLE_ARN", ROLE);
    let path = web.path("token").to_str().unwrap().to_owned();
    let container = Home::new().set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a");
    for (home, response, source) in [
        (container, container_response("ASIATASK"), "container"),
        (web.set(file, &path), sts_response("AssumeRoleWithWebIdentity", "ASIAWEB"), "web identity"),
    ] {
        assert_eq!(
            home.error(&Fake::new(&[(200, &expired(&response))])).await,
            format!(
                "the credentials ({source}) expired at Sun, 30 Aug 2015 12:00:00 GMT, and the clock of this machine shows Sun, \
                 30 Aug 2015 12:36:00 GMT: get new credentials, or correct the clock if it is ahead"
            )
        );
    }
}

/// The library compares the expiry of an assumed role with the system clock.
#[tokio::test(start_paused = true)]
async fn the_expiry_of_an_assumed_role_names_the_system_clock() {
    let home = Home::config(&format!(
        "[default]\nrole_arn = {ROLE}\nsource_profile = base\n\
         [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secret\n"
    ));
    let error =
        home.error(&Fake::new(&[(200, &expired(&sts_response("AssumeRole", "ASIAROLE123456789012")))])).await;
    let start =
        "the new credentials expired at Sun, 30 Aug 2015 12:00:00 GMT, and the clock of this machine shows ";
    assert!(error.contains(start) && error.ends_with(" GMT; correct the clock if it is ahead"), "{error}");
}
