"""What is not there, or not to be changed, of an account: its keys, styles, endpoints; and models."""

from __future__ import annotations

from core.errors.base import DarkroomError, NotFound


class AccountNotFound(NotFound):
    """There is no such account."""

    code = "account_not_found"


class ApiKeyNotFound(NotFound):
    """There is no such API key."""

    code = "api_key_not_found"


class WebhookEndpointNotFound(NotFound):
    """There is no such webhook endpoint."""

    code = "webhook_endpoint_not_found"


class TooManyWebhookEndpoints(DarkroomError):
    """The account has as many webhook endpoints as it may have; delete one first."""

    code = "too_many_webhook_endpoints"


class WebhookDeliveryNotFound(NotFound):
    """There is no such delivery: it is kept as long as its job."""

    code = "webhook_delivery_not_found"


class WebhookEndpointGone(DarkroomError):
    """Nothing is sent to this endpoint any more: it was deleted, or it answered 410 Gone."""

    code = "webhook_endpoint_gone"


class ModelNotFound(NotFound):
    """There is no such model."""

    code = "model_not_found"


class StyleNotFound(NotFound):
    """There is no such style."""

    code = "style_not_found"


class StyleIsBuiltIn(DarkroomError):
    """The style is one of the deployment's, which the API does not change; make one of your own under another name."""

    code = "style_is_built_in"


class TooManyStyles(DarkroomError):
    """The account has as many styles as it may have; delete one first."""

    code = "too_many_styles"
