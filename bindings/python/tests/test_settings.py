"""Settings of a client: the arguments, the environment, and a `botocore.config.Config`."""

import pytest
from conftest import MESSAGES, MODEL

THROTTLED = {"error": {"code": "ThrottlingException"}, "retry_after": {"seconds": 0}}


def attempts(client):
    """Returns the number of attempts of a call that the service rejects."""
    with client, pytest.raises(client.exceptions.ThrottlingException) as caught:
        client.converse(modelId=MODEL, messages=MESSAGES)
    return caught.value.attempts


@pytest.mark.parametrize("settings", [{}, {"retry_ambiguous": True}, {"max_backoff": 0.01}])
def test_other_retry_settings_keep_the_number_of_attempts(local_endpoint, monkeypatch, tmp_path, settings):
    local_endpoint.inject(THROTTLED)
    path = tmp_path / "config"
    path.write_text("[profile p]\nmax_attempts = 4\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    assert attempts(local_endpoint.client(profile_name="p", **settings)) == 4
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    assert attempts(local_endpoint.client(**settings)) == 2
    assert attempts(local_endpoint.client(max_attempts=1, **settings)) == 1


@pytest.mark.parametrize("mode", ["standard", "legacy"])
def test_the_retry_mode_overrides_the_environment(local_endpoint, monkeypatch, mode):
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")
    with local_endpoint.client(retry_mode=mode) as client:
        client.converse(modelId=MODEL, messages=MESSAGES)
    with pytest.raises(ValueError, match="AWS_RETRY_MODE"):
        local_endpoint.client()


def user_agent(local_endpoint, **settings):
    local_endpoint.clear()
    with local_endpoint.client(**settings) as client:
        client.converse(modelId=MODEL, messages=MESSAGES)
    return dict(local_endpoint.calls[0]["headers"])["user-agent"]


def test_user_agent(local_endpoint):
    botocore = pytest.importorskip("botocore.config")
    default = user_agent(local_endpoint)
    assert default.startswith("invoke-model/")
    assert user_agent(local_endpoint, config=botocore.Config(user_agent_extra="lib/1")) == f"{default} lib/1"
    both = {"user_agent_extra": "lib/1", "user_agent_appid": "a"}
    assert user_agent(local_endpoint, **both) == f"{default} app/a lib/1"
    assert user_agent(local_endpoint, user_agent="mine/2", **both) == "mine/2 app/a lib/1"
    with pytest.raises(ValueError, match="^user_agent_extra: expected visible ASCII characters$"):
        local_endpoint.client(user_agent_extra="a\nb")
