//! Tests of `invoke-model completions` and `invoke-model man`.

use super::{check_failure, run, text};

#[test]
fn completions_contain_the_commands_and_operations() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = run(&["completions", shell], None, &[]);
        let script = text(&output.stdout);
        assert!(output.status.success(), "{shell}");
        for word in ["chat", "embed", "max-attempts"] {
            assert!(script.contains(word), "{shell} lacks {word}");
        }
        // The operation is a positional argument. Only the scripts of bash and zsh complete such arguments.
        assert!(script.contains("ConverseStream") || !["bash", "zsh"].contains(&shell), "{shell}");
    }
}

#[test]
fn man_prints_a_page_for_each_command() {
    let page = |arguments: &[&str]| text(&run(arguments, None, &[]).stdout);
    let main = page(&["man"]);
    assert!(main.contains(".TH invoke-model 1") && main.contains("Exit codes:"), "{main}");
    let chat = page(&["man", "chat"]);
    assert!(chat.contains(".TH invoke-model-chat 1") && chat.contains("\\-\\-max\\-tokens"), "{chat}");
    check_failure(&run(&["man", "chats"], None, &[]), 3, "`chats` is not a command; commands: chat, embed, ");
}
