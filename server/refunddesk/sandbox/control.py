"""The control page under /sandbox/: see the store, buy, renew, arm faults; JSON for programs."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify, request

from refunddesk.sandbox.faults import NoSuchFault
from refunddesk.sandbox.store import SandboxStore


def install(app: Flask, store: SandboxStore) -> None:
    _install_programs(app, store)


def _install_programs(app: Flask, store: SandboxStore) -> None:
    @app.post("/sandbox/faults")
    def arm_fault() -> tuple[Response, int]:
        asked = request.get_json() if request.is_json else request.form.to_dict()
        try:
            fault = store.faults.arm(**_fault_fields(asked))
        except (NoSuchFault, TypeError, ValueError) as error:
            return jsonify(error=str(error)), 400
        return jsonify(fault.as_json()), 201

    @app.get("/sandbox/faults")
    def list_faults() -> Response:
        return jsonify([fault.as_json() for fault in store.faults.armed])

    @app.delete("/sandbox/faults")
    def clear_faults() -> tuple[str, int]:
        store.faults.clear()
        return "", 204

    @app.get("/sandbox/movements")
    def list_movements() -> Response:
        return jsonify(
            [
                {
                    "at": one.at.isoformat(),
                    "order_id": one.order_id,
                    "refund_id": one.refund_id,
                    "amount": str(one.amount),
                    "currency": one.currency,
                    "reason": one.reason,
                }
                for one in store.gateway.movements
            ]
        )

    @app.post("/sandbox/queue")
    def run_queue() -> Response:
        return jsonify(delivered=store.run_queue())


def _fault_fields(asked: dict[str, Any]) -> dict[str, Any]:
    fields = dict(asked)
    if "times" in fields and fields["times"] not in (None, ""):
        fields["times"] = int(fields["times"])
    elif "times" in fields:
        fields["times"] = None
    fields["seconds"] = float(fields.get("seconds") or 0)
    fields["order_id"] = int(fields.get("order_id") or 0)
    return fields
