//! Reports in the XML format of JUnit, which most CI systems can read.

use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use crate::run::{ClientReport, Outcome, ScenarioResult};

/// Returns the reports as JUnit XML, with a test suite for each client. Known differences and unsupported scenarios
/// are skipped tests. Entries of the baseline that match no scenario are failures.
pub fn junit(reports: &[ClientReport]) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let written = writer
        .create_element("testsuites")
        .write_inner_content(|writer| reports.iter().try_for_each(|report| suite(writer, report)));
    match written {
        Ok(writer) => String::from_utf8_lossy(writer.get_ref()).into_owned() + "\n",
        // Writing to a vector does not fail.
        Err(_) => String::new(),
    }
}

fn suite(writer: &mut Writer<Vec<u8>>, report: &ClientReport) -> io::Result<()> {
    let number =
        |is: fn(&Outcome) -> bool| report.results.iter().filter(|result| is(&result.outcome)).count();
    let name = format!("{} {}", report.client, report.version);
    let unused = report.unused_baseline.len();
    let (tests, failures) = (number(|_| true) + unused, number(Outcome::is_failure) + unused);
    let skipped = number(|outcome| matches!(outcome, Outcome::Known { .. } | Outcome::Unsupported(_)));
    let element = writer.create_element("testsuite").with_attributes([
        ("name", name.as_str()),
        ("tests", &tests.to_string()),
        ("failures", &failures.to_string()),
        ("skipped", &skipped.to_string()),
    ]);
    element.write_inner_content(|writer| {
        report.results.iter().try_for_each(|result| case(writer, report, result))?;
        report.unused_baseline.iter().try_for_each(|pattern| entry(writer, report, pattern))
    })?;
    Ok(())
}

fn case(writer: &mut Writer<Vec<u8>>, report: &ClientReport, result: &ScenarioResult) -> io::Result<()> {
    let class = format!("{}.{}", report.client, result.scenario.group());
    let time = format!("{:.3}", result.duration.as_secs_f64());
    let element = writer.create_element("testcase").with_attributes([
        ("classname", class.as_str()),
        ("name", &result.scenario.id),
        ("time", &time),
    ]);
    let (kind, message) = match &result.outcome {
        Outcome::Passed if result.unreported.is_empty() => {
            element.write_empty()?;
            return Ok(());
        }
        Outcome::Passed => {
            element.write_inner_content(|writer| unreported(writer, result))?;
            return Ok(());
        }
        Outcome::Failed(differences) => ("failure", differences.join("\n")),
        Outcome::Fixed { pattern } => ("failure", super::fixed(pattern, &result.scenario.id)),
        Outcome::Known { reason, .. } => ("skipped", format!("known difference: {reason}")),
        Outcome::Unsupported(reason) => ("skipped", format!("unsupported: {reason}")),
    };
    element.write_inner_content(|writer| {
        unreported(writer, result)?;
        reason(writer, kind, &message)
    })?;
    Ok(())
}

/// Writes a property with the expected facts that the client does not report.
fn unreported(writer: &mut Writer<Vec<u8>>, result: &ScenarioResult) -> io::Result<()> {
    if result.unreported.is_empty() {
        return Ok(());
    }
    let facts = result.unreported.join(", ");
    writer.create_element("properties").write_inner_content(|writer| {
        let property = writer.create_element("property");
        property.with_attributes([("name", "unreported"), ("value", facts.as_str())]).write_empty()?;
        Ok(())
    })?;
    Ok(())
}

/// Writes a failed test for an entry of the baseline that matches no scenario.
fn entry(writer: &mut Writer<Vec<u8>>, report: &ClientReport, pattern: &str) -> io::Result<()> {
    let class = format!("{}.baseline", report.client);
    let element =
        writer.create_element("testcase").with_attributes([("classname", class.as_str()), ("name", pattern)]);
    element.write_inner_content(|writer| reason(writer, "failure", &super::unused(pattern)))?;
    Ok(())
}

/// Writes the reason why a test failed or was skipped.
fn reason(writer: &mut Writer<Vec<u8>>, kind: &str, message: &str) -> io::Result<()> {
    let first_line = message.lines().next().unwrap_or_default();
    let element = writer.create_element(kind).with_attribute(("message", first_line));
    element.write_text_content(BytesText::new(message))?;
    Ok(())
}
