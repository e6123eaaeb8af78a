"""Builds images through the docker command, because only it speaks BuildKit; the SDK's build call has the classic builder alone.

The base images are the official ones where the daemon has them or can pull them, otherwise stand-ins (docker/bases.sh); a Build
records which, by digest. A build from nothing is a measurement: its image is thrown away, and what runs is built as always.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
import tomllib
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import docker.errors

from harness.model import Build, Implementation, Language, UserError
from harness.runner.engine import Tell
from harness.runner.receipt import keep, kept, receipt
from harness.runner.sources import clean_seconds, content, digest, remember


def client(root: Path) -> str:
    """The docker command that can build with BuildKit; a newer client without its plug-in may stand first on PATH."""
    done = subprocess.run([str(root / "docker" / "client.sh")], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError((done.stderr.strip() or "no docker client that can build with BuildKit").splitlines()[-1])
    return done.stdout.strip()


def bases(root: Path, api: Any) -> tuple[dict[str, str], list[str]]:
    """Build arguments to the base images at hand, and the arguments for which there is none."""
    have, lacking = {}, list[str]()
    for base in tomllib.loads((root / "docker" / "bases.toml").read_text())["bases"]:
        found = next((ref for ref in (base["official"], base["stand_in"]) if _image(api, ref)), None)
        if found:
            have[base["argument"]] = found
        else:
            lacking.append(base["argument"])
    return have, lacking


def ensure_bases(root: Path, api: Any, say: Tell, *, yes: bool) -> None:
    """Pull or make the bases that are missing, by docker/bases.sh; asks first on a terminal. UserError where that is declined or fails."""
    _, lacking = bases(root, api)
    if not lacking:
        return
    script = root / "docker" / "bases.sh"
    if (
        not yes
        and sys.stdin.isatty()
        and not click.confirm(f"No base image for {', '.join(lacking)}. Pull them, or make stand-ins (about a minute)?", err=True)
    ):
        raise UserError(f"no base image for {', '.join(lacking)}; make them with: {script}")
    if not yes and not sys.stdin.isatty():
        raise UserError(f"no base image for {', '.join(lacking)}; make them with: {script}, or give --yes")
    say(f"base images for {', '.join(lacking)}: {script}")
    if subprocess.run([str(script)], stdin=subprocess.DEVNULL, check=False).returncode:
        raise UserError(f"{script} failed; its last lines say why. Without containers: --engine local")


def _image(api: Any, reference: str) -> Mapping[str, Any] | None:
    with suppress(docker.errors.ImageNotFound):
        return api.inspect_image(reference)  # type: ignore[no-any-return]
    return None


def build(root: Path, api: Any, implementation: Implementation, language: Language, log: Path, tell: Tell, *, clean: bool) -> Build:
    """Build the image; a failure is a Build with the reason."""
    have, lacking = bases(root, api)
    if lacking:
        return _failed(implementation, log, 0.0, f"no base image for {', '.join(lacking)}; make them with: docker/bases.sh")
    recipe = implementation.docker or language.docker
    tag, digests = f"bench/{language.name}-{implementation.variant}", _digests(api, have)
    text, arguments = (root / recipe.dockerfile).read_bytes(), {"VARIANT": implementation.variant, **recipe.arguments, **have}
    state = _state(digest(implementation, language), text, digests)
    context = root / recipe.context if recipe.context else language.folder
    code, seconds = _timed(root, tag, text, arguments, context, log, tell)
    image = _image(api, tag)
    if code or not image:
        return _failed(implementation, log, seconds, f"docker build ended with exit code {code}")
    made = _made(root, api, implementation, language, log, seconds, image, digests)
    if clean and made.outcome != "failed":
        code, seconds = _timed(root, f"{tag}:clean", without_caches(text), {**arguments, "CLEAN": uuid.uuid4().hex}, context, log, tell)
        if code:
            return _failed(implementation, log, seconds, f"docker build from nothing ended with exit code {code}")
        api.remove_image(f"{tag}:clean")
        remember(root, "docker", implementation, state, seconds)
    known = clean_seconds(root, "docker", implementation, state)
    return replace(made, clean_seconds=known, sources=content(implementation, language, text))


def _timed(root: Path, tag: str, recipe: bytes, arguments: Mapping[str, str], context: Path, log: Path, tell: Tell) -> tuple[int, float]:
    """Exit code and seconds of one build."""
    command = [client(root), "build", "--progress=plain", "-f", "-", "-t", tag]
    for name, value in arguments.items():
        command += ["--build-arg", f"{name}={value}"]
    start = time.monotonic()
    return _logged([*command, str(context)], recipe, log, tell), time.monotonic() - start


def _state(sources: str, recipe: bytes, bases: Mapping[str, str]) -> str:
    """Names all that a build is made of; the seconds of two builds compare where it is the same."""
    return f"sha256:{hashlib.sha256(b'|'.join([sources.encode(), recipe, repr(sorted(bases.items())).encode()])).hexdigest()}"


def without_caches(recipe: bytes) -> bytes:
    """The recipe of a build from nothing: no cache mounts, and an argument CLEAN ahead of the first COPY of each stage.

    With a value of its own each time, that argument makes all RUNs after it run anew. What stands ahead of it is the toolchain: with
    `--no-cache` the downloads of a package manager for the system would be timed as well.
    """
    bare, fresh = re.sub(rb"--mount=type=cache\S*\s+(\\\n\s*)?", b"", recipe), False
    lines = []
    for line in bare.splitlines(keepends=True):
        word = line.split(maxsplit=1)[0].upper() if line.strip() else b""
        lines += [b"ARG CLEAN\n"] if word == b"COPY" and not fresh else []
        fresh = word != b"FROM" and (fresh or word == b"COPY")
        lines.append(line)
    return b"".join(lines)


def _logged(command: list[str], dockerfile: bytes, log: Path, tell: Tell) -> int:
    """Run with everything in `log`, each line told; the exit code."""
    log.parent.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "DOCKER_BUILDKIT": "1"}
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert process.stdin
        assert process.stdout
        with process.stdin as pipe, suppress(BrokenPipeError):
            pipe.write(dockerfile)
        for raw in process.stdout:
            line = raw.decode("utf-8", "backslashreplace")
            out.write(line)
            if line.strip():
                tell(line.strip())
        return process.wait()


def _digests(api: Any, have: Mapping[str, str]) -> dict[str, str]:
    """The bases as `reference@digest`: the registry's digest where there is one, else the image's own."""
    found = {name: (ref, _image(api, ref) or {}) for name, ref in have.items()}
    return {name: (image.get("RepoDigests") or [f"{ref}@{image.get('Id')}"])[0] for name, (ref, image) in found.items()}


def _made(
    root: Path, api: Any, implementation: Implementation, language: Language, log: Path, seconds: float,
    image: Mapping[str, Any], digests: Mapping[str, str],
) -> Build:  # fmt: skip
    """The record of an image. An image seen before came from the cache: its record is the one of the build that made it."""
    stamp = root / ".bench" / "images" / f"{image['Id'].removeprefix('sha256:')}.json"
    known = kept(stamp)
    if known and known.implementation == implementation.name:
        return replace(known, outcome="cached")
    command = [client(root), "run", "--rm", "-i", "--network=none", "--read-only", "--user=65534:65534", image["Id"]]
    hello, reason = receipt(command)
    if hello is None:
        return _failed(implementation, log, seconds, f"built, but it doesn't answer: {reason}")
    size = _artifact_bytes(api, image["Id"], (implementation.docker or language.docker).artifact)
    made = Build(implementation.name, "docker", "built", seconds, image["Id"], image["Size"], size, str(log), None, hello, digests)
    keep(stamp, made)
    return made


def _artifact_bytes(api: Any, image: str, path: str | None) -> int | None:
    """Size of a file in an image, from the header of its archive; None where the recipe names none."""
    if path is None:
        return None
    container = api.create_container(image=image)["Id"]
    try:
        return int(api.get_archive(container, path)[1]["size"])
    finally:
        api.remove_container(container, force=True)


def _failed(implementation: Implementation, log: Path, seconds: float, reason: str) -> Build:
    return Build(implementation.name, "docker", "failed", seconds, None, None, None, str(log), reason=reason)
