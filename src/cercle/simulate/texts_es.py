"""Spanish sentences of customers and of the company, by topic and role."""

from __future__ import annotations

__all__ = ["GENERAL", "GREETINGS", "OPEN", "SIGNATURES", "SUBJECTS"]

GREETINGS = ["Hola, ", "Buenos días, ", "Buenas tardes, ", "", "Estimados señores, "]
SIGNATURES = ["", " Gracias.", " Un saludo.", " Muchas gracias de antemano.", " Espero su respuesta."]
OPEN: dict[str, list[str]] = {
    "delivery": [
        "todavía no he recibido mi paquete con {product}, lleva una semana de retraso.",
        "mi pedido figura como entregado, pero no ha llegado nada.",
        "el seguimiento no se mueve desde hace cinco días, es inaceptable.",
        "la caja llegó abierta y falta un artículo.",
    ],
    "product_defect": [
        "{product} llegó roto, estoy muy decepcionada.",
        "{product} ha dejado de funcionar a las dos semanas.",
        "falta una pieza y no puedo montar {product}.",
    ],
    "refund": [
        "llevo un mes esperando el reembolso.",
        "me han cobrado dos veces el mismo pedido, devuélvanme el dinero.",
        "devolví {product} y sigo sin ver el reembolso en mi cuenta.",
    ],
    "invoice": [
        "¿pueden enviarme la factura de mi pedido?",
        "necesito una factura a nombre de mi empresa por {product}.",
    ],
    "stock": ["¿volverá a estar disponible {product}?", "¿tienen {product} en la tienda de {city}?"],
    "loyalty_points": [
        "no aparecen mis puntos de la compra de ayer.",
        "¿cuántos puntos hacen falta para el cheque regalo?",
    ],
    "opening_hours": ["¿abren el domingo en {city}?", "¿a qué hora cierra hoy la tienda de {city}?"],
    "tablet_app": [
        "¿para cuándo una aplicación para tableta? Sería muy práctico.",
        "¿por qué no tienen una aplicación para iPad?",
    ],
    "account_access": [
        "ya no puedo entrar en mi cuenta.",
        "no me llega el correo para cambiar la contraseña.",
    ],
    "store_service": [
        "trato muy desagradable en la tienda de {city}.",
        "cuarenta minutos de cola en {city}, una vergüenza.",
    ],
    "praise": [
        "quería dar las gracias al equipo de {city}, un servicio excelente.",
        "{product} es precioso, estoy encantada.",
        "entrega rápida y producto perfecto, enhorabuena.",
    ],
    "campaign": [
        "su anuncio de televisión es una vergüenza, retírenlo.",
        "¿quién aprobó ese anuncio? No vuelvo a comprar. #boicot",
    ],
    "personal_data": ["¿qué datos tienen sobre mí?", "¿cómo dejo de recibir sus llamadas comerciales?"],
    "price": [
        "el precio de {product} en caja no era el del estante.",
        "rechazan mi código promocional aunque es válido.",
    ],
}
GENERAL: dict[str, list[str]] = {
    "chase": [
        "escribí hace una semana y nadie contesta.",
        "segundo aviso, atiendan mi solicitud por favor.",
        "¿alguna novedad?",
    ],
    "follow_up": [
        "aquí tienen la información que pidieron.",
        "gracias, pero el problema sigue sin resolverse.",
        "sí, es ese artículo.",
    ],
    "reopen": [
        "el problema ha vuelto, por eso escribo de nuevo.",
        "dijeron que estaba resuelto y no ha cambiado nada.",
    ],
    "echo": [
        "¡a mí me pasa lo mismo!",
        "seguí tu consejo y estoy encantado.",
        "¿de verdad? Yo no he tenido ese problema.",
    ],
    "thanks": ["muchas gracias, ya está resuelto.", "perfecto, gracias por la ayuda."],
    "angry": [
        "su atención al cliente es un desastre, no vuelvo a comprar.",
        "semanas sin respuesta, es indignante.",
    ],
    "ask": ["por favor, llámenme por mi solicitud.", "¿pueden llamarme mañana por la mañana?"],
    "ack": [
        "Hemos recibido su mensaje y le responderemos lo antes posible.",
        "Su solicitud está registrada. Este es un mensaje automático.",
    ],
    "company_ask": [
        "Hola, sentimos la situación. ¿Puede escribirnos por privado?",
        "Hola, ¿puede darnos su número de pedido por privado?",
    ],
    "reply": [
        "Hola, hemos trasladado su caso y le respondemos en 48 horas.",
        "Hola, su paquete está localizado y llegará mañana.",
        "Hola, el reembolso se ha hecho hoy, cuente tres días hábiles.",
        "Hola, aquí tiene la información solicitada.",
    ],
    "close": [
        "Su solicitud queda cerrada. Gracias por su confianza.",
        "Esperamos haber respondido a su pregunta. ¡Buen día!",
    ],
    "notice_MAIL": [
        "Confirmamos su pedido {order}. Está en preparación.",
        "Buenas noticias: su pedido {order} está en camino.",
    ],
    "notice_SMS": ["Su paquete {order} llega manana."],
    "post": ["¡Ya está aquí la nueva colección!"],
    "offer": ["Llamada comercial: venta privada."],
    "advice": ["Consejo sobre {product}."],
    "pick_up": ["Recogida del pedido {order}."],
    "return": ["Devolución del pedido {order}."],
}
SUBJECTS: dict[str, list[str]] = {
    "delivery": ["Paquete no recibido", "Retraso en la entrega"],
    "product_defect": ["Artículo roto", "Producto defectuoso"],
    "refund": ["Reembolso", "Cobro doble"],
    "invoice": ["Factura"],
    "stock": ["Disponibilidad"],
    "loyalty_points": ["Puntos de fidelidad"],
    "opening_hours": ["Horario"],
    "tablet_app": ["Aplicación para tableta"],
    "account_access": ["No puedo entrar"],
    "store_service": ["Reclamación"],
    "praise": ["Gracias"],
    "campaign": ["Su anuncio"],
    "personal_data": ["Mis datos"],
    "price": ["Precio", "Código promocional"],
    "notice": ["Su pedido {order}"],
}
