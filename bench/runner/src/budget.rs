//! Compares the instructions and allocations of this client with `bench/budget.toml`. CI runs this
//! comparison.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::figures::number;
use crate::programs::{build, workspace};
use crate::server::{Pause, Server};
use crate::{Result, callgrind, endpoint, heap, layers, machine};

/// Allowed excess of a count over its budget, as a fraction of the budget.
const TOLERANCE: f64 = 0.03;

/// Calls and events of this client: name, work of the program, short run and long run.
const CLIENT: [(&str, &str, (u64, u64)); 6] = [
    ("call", "calls", (100, 600)),
    ("event", "stream", (500, 3000)),
    ("Converse", "converse", (100, 600)),
    ("ConverseStream event", "converse-stream", (500, 3000)),
    ("Converse by name", "converse-by-name", (100, 600)),
    ("ConverseStream event by name", "converse-stream-by-name", (500, 3000)),
];

const HEAD: &str = "\
# Budget for the cost of a call: instructions counted by Callgrind, and heap blocks counted by DHAT.
# `cargo xtask bench --quick` fails if a count exceeds its budget by more than 3 %.
# `cargo xtask bench --quick --update-budget` writes this file. State the reason for a new budget in the commit message.
";

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Budget {
    /// Versions of the compiler and of Valgrind. The counts depend on both versions.
    counted_with: String,
    counts: BTreeMap<String, u64>,
}

/// Measures the counts. Compares them with the budget, or writes them as the new budget if `update` is set.
pub(crate) fn run(update: bool) -> Result<()> {
    build(&["bench-server", "bench-ours", "bench-layers", "bench-endpoint"])?;
    let server = Server::start(Pause::Valgrind)?;
    let counted = count(&server)?;
    if update {
        fs::write(path(), format!("{HEAD}{}", toml::to_string(&counted)?))?;
        println!("wrote {}", path().display());
        return Ok(());
    }
    let text = fs::read_to_string(path()).map_err(|error| format!("{}: {error}", path().display()))?;
    let (report, passed) = compare(&toml::from_str(&text)?, &counted);
    print!("{report}");
    if passed { Ok(()) } else { Err(ADVICE.into()) }
}

const ADVICE: &str = "\
a count exceeds its budget. The lines above name the layer. To find the functions, run `valgrind --tool=callgrind \
bench/target/release/bench-ours URL calls 1000` with the URL of bench-server, then `callgrind_annotate`. If the cost is \
justified, run `cargo xtask bench --quick --update-budget`, and state the reason in the commit message";

fn path() -> PathBuf {
    workspace().join("budget.toml")
}

fn count(server: &Server) -> Result<Budget> {
    let mut counts = BTreeMap::new();
    let mut add = |name: &str, value: f64| counts.insert(name.to_owned(), value.round() as u64);
    for (unit, work, times) in CLIENT {
        add(&format!("instructions per {unit}"), callgrind::each("bench-ours", server, &[work], times)?);
        add(&format!("allocations per {unit}"), heap::each("bench-ours", server, &[work], times)?);
    }
    for (name, count) in endpoint::counts(server)? {
        add(name, count);
    }
    for layer in layers::LAYERS {
        add(&format!("instructions of {layer}"), layers::counted(layer, server)?);
    }
    Ok(Budget { counted_with: format!("{}, {}", machine::rustc()?, callgrind::version()?), counts })
}

/// Returns a report with a line for each count, and `true` if no count exceeds its budget.
fn compare(budget: &Budget, counted: &Budget) -> (String, bool) {
    let (mut report, mut passed) = (String::new(), true);
    for (name, &count) in &counted.counts {
        let (count, allowed) = (count as f64, budget.counts.get(name).map(|&allowed| allowed as f64));
        let word = match allowed {
            None => "has no budget",
            Some(allowed) if count > allowed * (1.0 + TOLERANCE) => "exceeds the budget",
            Some(allowed) if count < allowed * (1.0 - TOLERANCE) => "is below the budget; lower the budget",
            Some(_) => "is within the budget",
        };
        passed &= !matches!(word, "has no budget" | "exceeds the budget");
        let allowed = allowed.map_or("-".to_owned(), |allowed| number(allowed, 0));
        report.push_str(&format!("{name:<40}{:>10} of {allowed:>10}  {word}\n", number(count, 0)));
    }
    if budget.counted_with != counted.counted_with {
        let (then, now) = (&budget.counted_with, &counted.counted_with);
        report.push_str(&format!("the budget was counted with {then}; this run used {now}\n"));
    }
    (report, passed)
}

#[cfg(test)]
mod tests {
    use super::{Budget, compare};

    fn budget(count: u64) -> Budget {
        Budget { counted_with: String::new(), counts: [("a".to_owned(), count)].into() }
    }

    #[test]
    fn allows_an_excess_of_three_percent() {
        let check = |allowed, counted, words: &str, expected| {
            let (report, passed) = compare(&budget(allowed), &budget(counted));
            assert!(report.contains(words), "{report}");
            assert_eq!(passed, expected, "{report}");
        };
        check(1000, 1000, "is within", true);
        check(1000, 1030, "is within", true);
        check(1000, 1031, "exceeds the budget", false);
        check(1000, 900, "is below", true);
        assert!(!compare(&Budget::default(), &budget(1)).1);
    }

    #[test]
    fn reports_a_different_compiler() {
        let other = Budget { counted_with: "rustc 2".to_owned(), ..budget(1) };
        assert!(compare(&budget(1), &other).0.contains("rustc 2"));
    }
}
