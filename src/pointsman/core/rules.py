"""The codes by which a decision names its reasons. One place, so that docs, tests and audit speak of the same rules."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Why a model is not on the ladder, or what a notice is about. GR-* are document 002's guardrails."""

    ROLE = "role"  # not among the models this role may use
    CAPABILITY = "capability"
    RETIRED = "retired"
    PIN = "pin"  # another model is pinned
    NO_FALLBACK = "no-fallback"  # the caller asked for no fallback
    LOCALITY = "locality"  # the role is cloud-only or local-only
    ESCALATION_ONLY = "escalation-only"
    LOCAL_ONLY = "GR-009"
    HIGH_RISK = "GR-002"
    BAND = "band"
    BUDGET = "GR-011"
    PRICE_UNKNOWN = "price-unknown"
    CONTEXT = "context"
    MISCONFIGURED = "misconfigured"
    RATE_LIMITED = "rate-limited"
    DOWN = "down"
    COOLING = "cooling"
    MISSING = "model-missing"
    VRAM = "vram"  # it would have to be loaded, and cannot fit
    SATURATED = "saturated"
    AUDIT = "GR-005"  # the audit cannot be written, so nothing may leave the machine or degrade
    EXTERNAL = "no-model"  # the role is done without a language model


class Notice(StrEnum):
    """What the user must be told about a decision that went through."""

    STEP_DOWN = "step-down"
    STEP_UP = "step-up"
    OVERRIDE = "override"
    BAND = "band"
    TRIAL = "half-open-trial"
    PANIC = "all-local-down"
    LOCAL_ONLY = "GR-009"
    JUDGE = "GR-002"  # high-risk: a cloud judge's verdict is needed
    DRIFT = "drift"
    SIMILAR = "similar-tasks"
