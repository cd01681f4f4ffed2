//! Tests of prompts that contain a conversation in one string.

use crate::families::TurnRole::{self, Assistant, System, User};
use crate::families::turns;

fn check(prompt: &str, expected: &[(TurnRole, &str)]) {
    let found: Vec<_> = turns(prompt).into_iter().map(|turn| (turn.role, turn.text)).collect();
    assert_eq!(found, expected, "{prompt:?}");
}

#[test]
fn the_markers_of_each_template_separate_the_turns() {
    let all = [(System, "Be brief."), (User, "Hi!"), (Assistant, "Hello."), (User, "Why?")];
    check(
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>\
         <|start_header_id|>user<|end_header_id|>\n\nHi!<|eot_id|>\
         <|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>\
         <|start_header_id|>user<|end_header_id|>\n\nWhy?<|eot_id|>\
         <|start_header_id|>assistant<|end_header_id|>\n\n",
        &all,
    );
    check(
        "<|begin_of_text|><|header_start|>system<|header_end|>\n\nBe brief.<|eot|>\
         <|header_start|>user<|header_end|>\n\nHi!<|eot|><|header_start|>assistant<|header_end|>\n\nHello.<|eot|>\
         <|header_start|>user<|header_end|>\n\nWhy?<|eot|><|header_start|>assistant<|header_end|>\n\n",
        &all,
    );
    check(
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi!<|im_end|>\n<|im_start|>assistant\n\
         <think>\nA greeting.\n</think>\nHello.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n",
        &all,
    );
    check(
        "<|start|>system<|message|>Be brief.<|end|><|start|>user<|message|>Hi!<|end|>\
         <|start|>assistant<|channel|>analysis<|message|>A greeting.<|end|>\
         <|start|>assistant<|channel|>final<|message|>Hello.<|end|>\
         <|start|>user<|message|>Why?<|end|><|start|>assistant",
        &all,
    );
    check(
        "<｜begin▁of▁sentence｜>Be brief.<｜User｜>Hi!<｜Assistant｜>Hello.<｜end▁of▁sentence｜>\
         <｜User｜>Why?<｜Assistant｜><think>\n",
        &all,
    );
    check("<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi! [/INST] Hello.</s><s>[INST] Why? [/INST]", &all);
    check("<s>[SYSTEM_PROMPT]Be brief.[/SYSTEM_PROMPT][INST]Hi![/INST]Hello.</s>[INST]Why?[/INST]", &all);
    check("Be brief.\n\nHuman: Hi!\n\nAssistant: Hello.\n\nHuman: Why?\n\nAssistant:", &all);
    check("Be brief.\nUser: Hi!\nBot: Hello.\nUser: Why?\nBot:", &all);
}

#[test]
fn a_prompt_without_a_template_is_one_turn() {
    check(" Hi! ", &[(User, "Hi!")]);
    check("The User: is here", &[(User, "The User: is here")]);
    check("", &[(User, "")]);
}

#[test]
fn the_first_marker_selects_the_template() {
    check("\n\nHuman: What is [INST]?\n\nAssistant: {", &[(User, "What is [INST]?"), (Assistant, "{")]);
    check("[INST] Human: hi [/INST]", &[(User, "Human: hi")]);
    check("User: hi", &[(User, "hi")]);
    check("Human: hi\n\nAssistant:", &[(User, "hi")]);
}
