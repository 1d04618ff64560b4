"""From names to things: `"module:Class"` and arguments become an actor.

Names travel instead of code, so the module must be importable where the actor is to run.
"""

from mp_actors.errors import Refused
from mp_actors.supervise import describe


def resolve(name):
    """The class or function that `"module:name"` names. *Raises* Refused."""
    if not isinstance(name, str) or name.count(":") != 1:
        raise Refused("%r: expected 'module:name'" % (name,))
    module_name, attribute = name.split(":")
    try:
        module = __import__(module_name)
        for part in module_name.split(".")[1:]:
            module = getattr(module, part)
        return getattr(module, attribute)
    except (ImportError, AttributeError) as error:
        raise Refused(
            "%s: %s; is the module on this device, beside its site file?" % (name, error)
        )
    except Exception as error:  # the module's own code, while it was imported
        raise Refused("%s: %s" % (name, describe(error)))


def function(given):
    """given itself if it can be called, else what the name `"module:function"` stands for."""
    return given if callable(given) else resolve(given)


def maker(class_name, arguments):
    """A function that makes a new actor of this class. *Raises* Refused."""
    cls = resolve(class_name)
    return lambda: cls(**arguments)
