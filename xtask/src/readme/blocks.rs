//! Code blocks of a Markdown page, and the commands in shell blocks.

/// A fenced code block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// First word after the opening fence, for example `rust`.
    pub(crate) language: String,
    /// Other words after the opening fence, for example `no_run`.
    pub(super) attributes: Vec<String>,
    /// Line number of the first line of `text`.
    pub(super) line: usize,
    /// Lines between the fences.
    pub(crate) text: String,
}

/// Returns the fenced code blocks of a page, in order.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in page.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => blocks.push(block),
            (Some(words), None) => {
                let mut words = words.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned);
                let (language, attributes) = (words.next().unwrap_or_default(), words.collect());
                open = Some(Block { language, attributes, line: index + 2, text: String::new() });
            }
            (None, Some(mut block)) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    blocks
}

/// Returns the commands of a shell block, without comments. If a line ends with `\`, the command continues on
/// the next line.
pub(super) fn commands(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split("  #").next().unwrap_or(line).trim_end().to_owned()).collect()
}
