//! Writes `docs/performance.md` and its plot.

use std::fs;
use std::path::PathBuf;

use crate::Result;
use crate::programs::workspace;

/// Generated parts of the page. The rest is written by hand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// Table of a run, and table of the layers.
    Run,
    /// Table of the rows that have a performance target.
    Targets,
    /// Table of the clean builds. The table may be from an earlier run than the other tables.
    Builds,
    /// Table of the targets of the clean builds.
    BuildTargets,
    /// Table of the latencies with interceptors, metrics and quota limiters.
    Features,
    /// Tables of the speed of event streams.
    Streams,
    /// Table of the costs of the local endpoint.
    Endpoint,
}

impl Part {
    /// Returns two lines of the page: the line before this part, and the line after it.
    fn markers(self) -> [String; 2] {
        let name = match self {
            Self::Run => "run",
            Self::Targets => "targets",
            Self::Builds => "clean builds",
            Self::BuildTargets => "targets of the clean builds",
            Self::Features => "latency of features",
            Self::Streams => "streams",
            Self::Endpoint => "local endpoint",
        };
        ["begin", "end"].map(|end| format!("<!-- {name}, by `cargo xtask bench --docs`: {end} -->\n"))
    }
}

/// Replaces parts of the page.
pub(crate) fn write(parts: &[(Part, &str)]) -> Result<()> {
    let page = docs().join("performance.md");
    let mut text = fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
    for &(part, content) in parts {
        let missing = || format!("{}: missing line `{}`", page.display(), part.markers()[0].trim());
        text = replaced(&text, part, content).ok_or_else(missing)?;
    }
    fs::write(&page, text)?;
    println!("wrote {}", page.display());
    Ok(())
}

/// Writes the plot next to the page.
pub(crate) fn write_plot(plot: &str) -> Result<()> {
    Ok(fs::write(docs().join("performance.svg"), plot)?)
}

fn docs() -> PathBuf {
    workspace().join("../docs")
}

fn replaced(page: &str, part: Part, content: &str) -> Option<String> {
    let [begin, end] = part.markers();
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{content}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Part, docs, replaced};

    const PARTS: [Part; 7] = [
        Part::Run,
        Part::Targets,
        Part::Builds,
        Part::BuildTargets,
        Part::Features,
        Part::Streams,
        Part::Endpoint,
    ];

    #[test]
    fn replaces_only_the_part() {
        let page = |contents: [&str; 7]| {
            let parts = PARTS.iter().zip(contents).map(|(part, content)| {
                let [begin, end] = part.markers();
                format!("before\n{begin}{content}{end}after\n")
            });
            parts.collect::<String>()
        };
        for (index, part) in PARTS.into_iter().enumerate() {
            let mut expected = ["old\n"; 7];
            expected[index] = "new\n";
            assert_eq!(replaced(&page(["old\n"; 7]), part, "new\n"), Some(page(expected)));
            assert_eq!(replaced("no part", part, "new\n"), None);
        }
    }

    #[test]
    fn the_page_has_markers_for_each_part() {
        let page = fs::read_to_string(docs().join("performance.md")).unwrap();
        for part in PARTS {
            for marker in part.markers() {
                assert_eq!(page.matches(&marker).count(), 1, "{marker}");
            }
        }
    }
}
