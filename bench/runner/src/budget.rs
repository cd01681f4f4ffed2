//! What CI watches: counts of ours, held against `bench/budget.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::figures::number;
use crate::programs::{build, workspace};
use crate::server::{Pause, Server};
use crate::{Result, callgrind, heap, layers, machine};

/// How much more a count may be than its budget, as a part of it.
const TOLERANCE: f64 = 0.03;

const HEAD: &str = "\
# What a call of ours may cost: instructions by Callgrind, heap blocks by DHAT. `cargo xtask bench --quick` fails when a
# count is over 3 % above. Written by `cargo xtask bench --quick --update-budget`; the reason belongs in the commit.
";

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Budget {
    /// What it was counted with: another compiler or Valgrind counts otherwise.
    counted_with: String,
    counts: BTreeMap<String, u64>,
}

/// Counts, and compares or writes.
pub(crate) fn run(update: bool) -> Result<()> {
    build(&["bench-server", "bench-ours", "bench-layers"])?;
    let server = Server::start(Pause::Valgrind)?;
    let counted = count(&server)?;
    if update {
        fs::write(path(), format!("{HEAD}{}", toml::to_string(&counted)?))?;
        println!("wrote {}", path().display());
        return Ok(());
    }
    let text = fs::read_to_string(path()).map_err(|error| format!("{}: {error}", path().display()))?;
    let (report, held) = compare(&toml::from_str(&text)?, &counted);
    print!("{report}");
    if held { Ok(()) } else { Err(ADVICE.into()) }
}

const ADVICE: &str = "\
a count is over its budget. Look where the instructions went (`cargo xtask bench --quick` names the layer; `valgrind \
--tool=callgrind bench/target/release/bench-ours URL calls 1000` with bench-server's URL, then `callgrind_annotate`, names \
the functions). If what they buy is worth it: `cargo xtask bench --quick --update-budget`, and the reason in the commit";

fn path() -> PathBuf {
    workspace().join("budget.toml")
}

fn count(server: &Server) -> Result<Budget> {
    let mut counts = BTreeMap::new();
    let mut add = |name: &str, value: f64| counts.insert(name.to_owned(), value.round() as u64);
    add("instructions a call", callgrind::each("bench-ours", server, &["calls"], (100, 600))?);
    add("allocations a call", heap::each("bench-ours", server, &["calls"], (100, 600))?);
    add("instructions an event", callgrind::each("bench-ours", server, &["stream"], (500, 3000))?);
    for layer in layers::LAYERS {
        add(&format!("instructions of {layer}"), layers::counted(layer, server)?);
    }
    Ok(Budget { counted_with: format!("{}, {}", machine::rustc()?, callgrind::version()?), counts })
}

/// A line for each count, and whether all of them hold.
fn compare(budget: &Budget, counted: &Budget) -> (String, bool) {
    let (mut report, mut held) = (String::new(), true);
    for (name, &count) in &counted.counts {
        let (count, allowed) = (count as f64, budget.counts.get(name).map(|&allowed| allowed as f64));
        let word = match allowed {
            None => "has no budget",
            Some(allowed) if count > allowed * (1.0 + TOLERANCE) => "TOO MANY",
            Some(allowed) if count < allowed * (1.0 - TOLERANCE) => "fewer: lower the budget",
            Some(_) => "holds",
        };
        held &= !matches!(word, "has no budget" | "TOO MANY");
        let allowed = allowed.map_or("-".to_owned(), |allowed| number(allowed, 0));
        report.push_str(&format!("{name:<28}{:>10} of {allowed:>10}  {word}\n", number(count, 0)));
    }
    if budget.counted_with != counted.counted_with {
        let (then, now) = (&budget.counted_with, &counted.counted_with);
        report.push_str(&format!("the budget was counted with {then}; this is {now}\n"));
    }
    (report, held)
}

#[cfg(test)]
mod tests {
    use super::{Budget, compare};

    fn budget(count: u64) -> Budget {
        Budget { counted_with: String::new(), counts: [("a".to_owned(), count)].into() }
    }

    #[test]
    fn three_in_a_hundred_more_are_borne() {
        let check = |allowed, counted, words: &str, expected| {
            let (report, held) = compare(&budget(allowed), &budget(counted));
            assert!(report.contains(words), "{report}");
            assert_eq!(held, expected, "{report}");
        };
        check(1000, 1000, "holds", true);
        check(1000, 1030, "holds", true);
        check(1000, 1031, "TOO MANY", false);
        check(1000, 900, "fewer", true);
        assert!(!compare(&Budget::default(), &budget(1)).1);
    }

    #[test]
    fn another_compiler_is_named() {
        let other = Budget { counted_with: "rustc 2".to_owned(), ..budget(1) };
        assert!(compare(&budget(1), &other).0.contains("rustc 2"));
    }
}
