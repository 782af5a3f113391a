"""Addresses of those who answer, and of what is shared about them."""

from django.urls import path

from crm.poc.views import cards, share, shared

app_name = "poc"
urlpatterns = [
    path("pocs/", cards.poc_list, name="list"),
    path("pocs/me/", cards.mine, name="mine"),
    path("pocs/<id:pk>/", cards.card, name="card"),
    path("pocs/<id:pk>/card.vcf", cards.card_vcf, name="vcard"),
    path("pocs/<id:pk>/card.svg", cards.card_svg, name="qr"),
    path("pocs/<id:pk>/share/", share.share_card, name="share_card"),
    path("d/<id:pk>/share/", share.share_record, name="share_record"),
    path("share-links/<id:pk>/revoke/", share.revoke, name="share_revoke"),
    path("s/<str:secret>/", shared.page, name="shared"),
    path("s/<str:secret>/card.vcf", shared.card_vcf, name="shared_vcard"),
    path("s/<str:secret>/card.svg", shared.card_svg, name="shared_qr"),
    path("robots.txt", shared.robots),
]
