import pytest

COMMANDS = [
    "data",
    "search",
    "resume",
    "repeat",
    "retrain",
    "ablate",
    "repair",
    "report",
    "explain",
    "export",
    "measure",
    "show",
    "tensorboard",
    "list",
]

OPTIONS = {
    "data": ["SOURCE", "--json", "--image-size", "--sheet", "--npz"],
    "search": [
        *("--data", "--space", "--max-params", "--trials", "--epochs", "--seed"),
        *(
            "--augment",
            "--flip",
            "--no-flip",
            "--class-weights",
            "--objective",
            "--objectives",
            "--precision",
            "--image-size",
        ),
        *(
            "--data-memory",
            "--sampler",
            "--halving",
            "--no-halving",
            "--eta",
            "--baseline",
            "--repeats",
            "--workers",
            "--device",
            "--devices",
            "--retries",
            "--timeout",
            "--max-failures",
            "--from-run",
            "--run",
        ),
    ],
    "resume": [
        *("RUN", "--trials", "--retry-failed", "--workers", "--device", "--devices"),
        *("--retries", "--timeout", "--max-failures"),
    ],
    "repeat": ["RUN", "--trials", "--repeats"],
    "retrain": [
        *("RUN", "--trials", "--seeds", "--epochs", "--use-validation", "--with"),
        "--quantize",
    ],
    "ablate": ["RUN", "--trial", "--seeds", "--epochs", "--json"],
    "repair": ["RUN"],
    "report": ["RUN", "--json", "--compare"],
    "explain": ["RUN", "--arm", "--json"],
    "export": [
        *("RUN|NETWORK", "--trial", "--max-params", "--network", "--seed"),
        *("--input", "--classes", "--to"),
        *("--onnx", "--torch-export", "--hub", "--quantize"),
    ],
    "measure": [
        *("WHAT...", "--trials", "--batch", "--threads", "--device", "--input"),
        *("--classes", "--json"),
    ],
    "show": [
        *("SPACE|RUN|NETWORK|FILE", "--trial", "--input", "--classes", "--max-params"),
        *("--json", "--picture"),
    ],
    "tensorboard": ["RUN", "--port", "--graph"],
    "list": ["FOLDER", "--json"],
}


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_lists_every_command(nas, flag):
    outcome = nas(flag)
    assert outcome.code == 0
    assert outcome.err == ""
    for command in COMMANDS:
        assert f" {command} " in outcome.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_lists_every_option_with_an_explanation(nas, command):
    outcome = nas(command, "--help")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    for option in OPTIONS[command]:
        (line,) = [
            line for line in lines if f" {option} " in line and "Usage" not in line
        ]
        explanation = line.partition(option)[2].strip(" │")
        assert len(explanation.split()) > 2, line


def test_every_option_is_in_this_test(nas):
    import typer

    from nas.cli import app

    group = typer.main.get_command(app)
    assert list(group.commands) == COMMANDS
    for name, command in group.commands.items():
        named = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
        options = {option for option in named if option.startswith("-")}
        expected = {option for option in OPTIONS[name] if option.startswith("-")}
        assert options - {"--help", "-h"} == expected


def test_defaults_are_shown(nas):
    text = nas("search", "--help").out
    for default in (
        "digits",
        "default",
        "50k",
        "24",
        "size-aware",
        "auto",
        "as many as suit",
    ):
        assert f"[default: {default}" in text or f"default: ({default}" in text


def test_without_any_command_there_is_help(nas):
    outcome = nas()
    assert outcome.code == 2
    assert "search" in outcome.out
    assert outcome.err == ""


def test_version(nas):
    from nas import __version__

    outcome = nas("--version")
    assert (outcome.code, outcome.out) == (0, f"nas {__version__}\n")
