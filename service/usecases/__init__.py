"""What Trappvakt does, one module a use case: verbs over :class:`service.ports.Ports`."""
