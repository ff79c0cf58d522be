"""Error responses of the registry, with Confluent's HTTP status, error code and message."""

from __future__ import annotations

from avrogen.testing.registry.http_server import Request

__all__ = [
    "ApiError",
    "bad_request",
    "incompatible",
    "invalid_level",
    "invalid_mode",
    "invalid_schema",
    "invalid_version",
    "level_not_set",
    "mode_not_set",
    "not_offered",
    "not_permitted",
    "reference_exists",
    "schema_not_found",
    "subject_not_deleted",
    "subject_not_found",
    "subject_soft_deleted",
    "unknown_path",
    "version_not_deleted",
    "version_not_found",
    "version_soft_deleted",
]


class ApiError(Exception):
    """Error response of the API.

    Attributes:
        status: of HTTP.
        code: ``error_code`` of the answer.
        message: ``message`` of the answer.
    """

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def bad_request(reason: str) -> ApiError:
    """Invalid request body."""
    return ApiError(400, 400, reason)


def unknown_path(request: Request) -> ApiError:
    """Unknown path."""
    asked = f"{request.method} /{'/'.join(request.path)}"
    return ApiError(404, 404, f"HTTP 404 Not Found: the embedded registry has no {asked}")


def subject_not_found(subject: str) -> ApiError:
    """Unknown subject."""
    return ApiError(404, 40401, f"Subject '{subject}' not found.")


def version_not_found(version: int) -> ApiError:
    """Unknown version of a known subject."""
    return ApiError(404, 40402, f"Version {version} not found.")


def schema_not_found(which: int | str | None = None) -> ApiError:
    """Unknown schema id or GUID, or a schema that the subject does not have."""
    return ApiError(
        404, 40403, "Schema not found" if which is None else f"Schema {which} not found"
    )


def subject_soft_deleted(subject: str) -> ApiError:
    """Subject is soft-deleted already; only a permanent delete is possible."""
    message = f"Subject '{subject}' was soft deleted.Set permanent=true to delete permanently"
    return ApiError(404, 40404, message)


def subject_not_deleted(subject: str) -> ApiError:
    """Permanent delete of a subject that is not soft-deleted."""
    message = f"Subject '{subject}' was not deleted first before being permanently deleted"
    return ApiError(404, 40405, message)


def version_soft_deleted(subject: str, version: str) -> ApiError:
    """Version is soft-deleted already; only a permanent delete is possible."""
    return ApiError(
        404,
        40406,
        f"Subject '{subject}' Version {version} was soft deleted."
        "Set permanent=true to delete permanently",
    )


def version_not_deleted(subject: str, version: int) -> ApiError:
    """Permanent delete of a version that is not soft-deleted."""
    return ApiError(
        404,
        40407,
        f"Subject '{subject}' Version {version} was not deleted first before being permanently "
        "deleted",
    )


def level_not_set(subject: str) -> ApiError:
    """No compatibility level is set for the subject."""
    message = f"Subject '{subject}' does not have subject-level compatibility configured"
    return ApiError(404, 40408, message)


def mode_not_set(subject: str) -> ApiError:
    """No mode is set for the subject."""
    message = f"Subject '{subject}' does not have subject-level mode configured"
    return ApiError(404, 40409, message)


def incompatible(subject: str, details: str) -> ApiError:
    """Schema is incompatible with earlier versions."""
    return ApiError(
        409,
        409,
        f'Schema being registered is incompatible with an earlier schema for subject "{subject}", '
        f"details: {details}",
    )


def invalid_schema(reason: str) -> ApiError:
    """Invalid schema, or a reference to an unknown one."""
    return ApiError(422, 42201, reason)


def invalid_version(version: str) -> ApiError:
    """Invalid version number."""
    return ApiError(
        422,
        42202,
        f"The specified version '{version}' is not a valid version id. Allowed values are between "
        '[1, 2^31-1] and the string "latest"',
    )


def invalid_level() -> ApiError:
    """Invalid compatibility level."""
    return ApiError(
        422,
        42203,
        "Invalid compatibility level. Valid values are none, backward, forward, full, "
        "backward_transitive, forward_transitive, and full_transitive",
    )


def invalid_mode(mode: str) -> ApiError:
    """Invalid or unsupported mode."""
    message = f"Invalid mode {mode}. The embedded registry has READWRITE and READONLY"
    return ApiError(422, 42204, message)


def not_permitted(reason: str) -> ApiError:
    """Operation not permitted by the subject's mode."""
    return ApiError(422, 42205, reason)


def reference_exists(subject: str, version: int) -> ApiError:
    """Deletion of a version that other schemas refer to."""
    key = f"{{magic=1,keytype=SCHEMA,subject={subject},version={version}}}"
    return ApiError(422, 42206, f"One or more references exist to the schema {key}.")


def not_offered(what: str) -> ApiError:
    """Endpoint or option of Confluent's registry that is not implemented here."""
    return ApiError(501, 501, f"the embedded registry has no {what}")
