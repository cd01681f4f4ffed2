//! Tests the functions that read code blocks, commands and programs, with small pages.

use std::path::Path;

use super::blocks::{blocks, commands};
use super::is_run;
use super::program::programs;

const PAGE: &str = r#"# A page

```toml
[dependencies]
invoke-model-client = { git = "https://example.com", features = ["http2"] }
invoke-model-local = "0.1"
tokio = { version = "1", features = ["macros"] }
```

```rust
#[tokio::main]
async fn main() {}
```

```sh
# A comment.
cargo run --release -- invoke --local \
    --model-id a
invoke-model serve
```

```toml
[dependencies]
invoke-model-types = { path = "elsewhere" }
```

```rust,no_run
fn main() {}
```
"#;

fn error(page: &str) -> String {
    programs(&blocks(page), Path::new("/w")).unwrap_err()
}

#[test]
fn finds_blocks_with_their_language_and_line() {
    let blocks = blocks(PAGE);
    let found: Vec<_> = blocks.iter().map(|block| (block.language.as_str(), block.line)).collect();
    assert_eq!(found, [("toml", 4), ("rust", 11), ("sh", 16), ("toml", 23), ("rust", 28)]);
    assert_eq!(blocks[1].text, "#[tokio::main]\nasync fn main() {}\n");
    assert_eq!(blocks[4].attributes, ["no_run"]);
}

#[test]
fn joins_lines_of_a_command_and_removes_comments() {
    let text = "# No.\ncargo run \\\n    --release\n\ncargo test  # All.\n";
    assert_eq!(commands(text), ["cargo run      --release", "cargo test"]);
}

#[test]
fn runs_only_commands_that_need_no_service_and_no_registry() {
    for command in
        ["cargo run --release -- x", "cargo install --path crates/cli", "invoke-model invoke --local"]
    {
        assert!(is_run(command), "{command}");
    }
    for command in
        ["cargo test", "cargo install --git https://example.com", "invoke-model invoke", "invoke-model serve"]
    {
        assert!(!is_run(command), "{command}");
    }
}

#[test]
fn each_program_has_the_dependencies_above_it() {
    let programs = programs(&blocks(PAGE), Path::new("/w")).unwrap();
    let [first, second] = &programs[..] else { panic!("{programs:?}") };
    assert_eq!(first.source, "#[tokio::main]\nasync fn main() {}\n");
    assert!(first.runs && !second.runs);
    let first: toml::Table = toml::from_str(&first.manifest).unwrap();
    let expected = r#"
        invoke-model-client = { path = "/w/crates/client", features = ["http2"] }
        invoke-model-local = { path = "/w/crates/local" }
        tokio = { version = "1", features = ["macros"] }
    "#;
    assert_eq!(first["dependencies"].as_table().unwrap(), &toml::from_str(expected).unwrap());
    let second: toml::Table = toml::from_str(&second.manifest).unwrap();
    let expected = r#"invoke-model-types = { path = "/w/crates/types" }"#;
    assert_eq!(second["dependencies"].as_table().unwrap(), &toml::from_str(expected).unwrap());
    assert_eq!(second["package"]["name"].as_str(), Some("readme-line-28"));
}

#[test]
fn rejects_hidden_lines() {
    let page = PAGE.replace("async fn main", "# use a::b;\nasync fn main");
    assert_eq!(
        error(&page),
        "the `rust` block at line 11: line 12 is hidden from readers; show it, or remove it"
    );
}

#[test]
fn rejects_fragments_and_programs_without_dependencies() {
    let message = error(&PAGE.replace("async fn main() {}", "async fn other() {}"));
    assert_eq!(message, "the `rust` block at line 11: the program is not complete; add `fn main()`");
    let message = error("```rust\nfn main() {}\n```\n");
    assert_eq!(message, "the `rust` block at line 2: it needs a `toml` block with `[dependencies]` above it");
}
