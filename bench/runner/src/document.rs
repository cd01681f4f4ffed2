//! Writes `docs/performance.md`, `docs/scale.md` and their plots.

use std::fs;
use std::path::PathBuf;

use crate::Result;
use crate::programs::workspace;

/// Generated parts of the pages. The rest is written by hand.
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
    /// Tables of the calls per second with many concurrent calls.
    Rates,
    /// Tables of the speed of event streams.
    Streams,
    /// Table of the costs of the local endpoint.
    Endpoint,
    /// Table of other local servers.
    Servers,
    /// Tables of the growth of the costs, in `docs/scale.md`.
    Scale,
}

impl Part {
    /// Returns the path of the page that contains this part.
    fn page(self) -> PathBuf {
        docs().join(if matches!(self, Self::Scale) { "scale.md" } else { "performance.md" })
    }

    /// Returns two lines of the page: the line before this part, and the line after it.
    fn markers(self) -> [String; 2] {
        let name = match self {
            Self::Run => "run",
            Self::Targets => "targets",
            Self::Builds => "clean builds",
            Self::BuildTargets => "targets of the clean builds",
            Self::Features => "latency of features",
            Self::Rates => "concurrent calls",
            Self::Streams => "streams",
            Self::Endpoint => "local endpoint",
            Self::Servers => "other local servers",
            Self::Scale => "scale",
        };
        ["begin", "end"].map(|end| format!("<!-- {name}, by `cargo xtask bench --docs`: {end} -->\n"))
    }
}

/// Replaces parts of the pages.
pub(crate) fn write(parts: &[(Part, &str)]) -> Result<()> {
    for &(part, content) in parts {
        let page = part.page();
        let text = fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
        let missing = || format!("{}: missing line `{}`", page.display(), part.markers()[0].trim());
        fs::write(&page, replaced(&text, part, content).ok_or_else(missing)?)?;
        println!("wrote {}", page.display());
    }
    Ok(())
}

/// Writes a plot next to the pages.
pub(crate) fn write_plot(name: &str, plot: &str) -> Result<()> {
    Ok(fs::write(docs().join(name), plot)?)
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

    use super::{Part, replaced};

    const PARTS: [Part; 10] = [
        Part::Run,
        Part::Targets,
        Part::Builds,
        Part::BuildTargets,
        Part::Features,
        Part::Rates,
        Part::Streams,
        Part::Endpoint,
        Part::Servers,
        Part::Scale,
    ];

    #[test]
    fn replaces_only_the_part() {
        let page = |contents: [&str; 10]| {
            let parts = PARTS.iter().zip(contents).map(|(part, content)| {
                let [begin, end] = part.markers();
                format!("before\n{begin}{content}{end}after\n")
            });
            parts.collect::<String>()
        };
        for (index, part) in PARTS.into_iter().enumerate() {
            let mut expected = ["old\n"; 10];
            expected[index] = "new\n";
            assert_eq!(replaced(&page(["old\n"; 10]), part, "new\n"), Some(page(expected)));
            assert_eq!(replaced("no part", part, "new\n"), None);
        }
    }

    #[test]
    fn each_page_has_the_markers_of_its_parts() {
        for part in PARTS {
            let page = fs::read_to_string(part.page()).unwrap();
            for marker in part.markers() {
                assert_eq!(page.matches(&marker).count(), 1, "{marker}");
            }
        }
    }
}
