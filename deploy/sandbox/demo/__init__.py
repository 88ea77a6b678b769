"""The demo: break a service on the embedded stack, watch the loop close, replay the tape."""
