"""Certificates and keys: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ (genCA "ca" 365).Cert | trunc 27 }}', "-----BEGIN CERTIFICATE-----"),
        ('{{ (genCA "ca" 365).Key | trunc 31 }}', "-----BEGIN RSA PRIVATE KEY-----"),
        ('{{ (genSelfSignedCert "a.b" nil nil 1).Cert | trunc 27 }}', "-----BEGIN CERTIFICATE-----"),
        ('{{ genPrivateKey "ecdsa" | trunc 30 }}', "-----BEGIN EC PRIVATE KEY-----"),
        ('{{ genPrivateKey "ed25519" | trunc 27 }}', "-----BEGIN PRIVATE KEY-----"),
        ('{{ genPrivateKey "none" }}', "Unknown type none"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            '{{ (buildCustomCert "eA==" "eQ==").Cert }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:4: executing "c/templates/_case.tpl" at <buildCustomCert "eA==" "eQ==">: error calling buildCustomCert: unable to decode certificate',
        ),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text
